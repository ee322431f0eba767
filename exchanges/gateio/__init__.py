"""Gate.io."""
