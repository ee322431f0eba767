"""A trader and its account against everything that can go wrong, by seed, and what must hold all the same."""
