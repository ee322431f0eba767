"""Who restarts whom: specs, strategies, backoff, lifecycle events. Knows actors, and no exchange."""
