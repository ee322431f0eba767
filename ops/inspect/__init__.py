"""Serving a running tree to its own user over a Unix socket, and the client of that."""
