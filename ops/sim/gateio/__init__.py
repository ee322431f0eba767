"""Gate.io spot, public side."""
