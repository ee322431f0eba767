"""Which faults of the simulated exchanges go on for their seconds, and what that means for who was met by them."""

HOLDING = frozenset({"refuse", "standstill"})  # whoever comes back meets it, too
# New connections do not, and those that met it are reset at its end.
CUTTING = frozenset({"blackhole", "mute"})
MUTING = frozenset({"refuse", "blackhole"})  # what clients send does not arrive
LASTING = HOLDING | CUTTING
