"""MEXC spot, public side."""
