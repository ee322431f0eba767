"""Which faults of the simulated exchanges go on for their seconds, and what that means for who was met by them."""

HOLDING = frozenset({"refuse", "standstill"})  # whoever comes back meets it, too
CUTTING = frozenset(
    {"blackhole", "mute"}
)  # new connections do not, and those that met it are reset at its end
MUTING = frozenset({"refuse", "blackhole"})  # what clients send does not arrive
LASTING = HOLDING | CUTTING
