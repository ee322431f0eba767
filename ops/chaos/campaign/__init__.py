"""Campaigns: a whole tree against the simulated exchanges, many faults by seed, and what must hold all the same."""
