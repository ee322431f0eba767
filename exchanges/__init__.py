"""Exchanges: the wire, the public domain, and one folder per exchange."""
