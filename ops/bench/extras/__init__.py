"""Clients that nobody here wrote, each a program in an environment of its own; never dependencies of feedtree."""
