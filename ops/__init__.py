"""The composition root and all around a running tree."""
