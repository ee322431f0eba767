"""The benchmark: clients side by side in one run."""
