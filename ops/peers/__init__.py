"""Clients that nobody here wrote, against the simulated exchanges; each in an environment of its own."""
