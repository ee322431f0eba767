"""The clients, each a program; all but feedtree's own run in an environment that feedtree is not installed in."""
