"""Which faults of the simulated exchanges go on for their seconds, and what that means for who was met by them."""

HOLDING = frozenset({"refuse", "standstill"})  # whoever comes back meets it, too
CUTTING = frozenset(
    {"blackhole", "mute"}
)  # new connections do not, and those that met it are reset at its end
LASTING = HOLDING | CUTTING
