"""Faults on purpose: a TCP proxy that breaks what passes it, names that do not resolve, and the catalogue of all."""
