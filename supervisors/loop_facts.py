"""What a trio loop has done since it is watched."""

from msgspec import Struct


class LoopFacts(Struct, frozen=True):
    """A look at the loop that a tree runs on; ``1 - waited_s / since_s`` is its utilisation.

    Args:
        passes: how many times it went through its tasks.
        waited_s: seconds in which it waited for something to do.
        since_s: seconds since it is watched.
    """

    passes: int
    waited_s: float
    since_s: float
