"""feedtree and clients of other hands behind the same proxy and the same faults: ``make chaos-peers``."""
