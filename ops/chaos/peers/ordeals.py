"""The faults that all clients are put through, as data."""

from msgspec import Struct

AWAY_S = 5.0


class Ordeal(Struct, frozen=True, kw_only=True):
    """One fault.

    Args:
        name: as in ``--only``.
        title: as in the table.
        says: what happens, in a line.
        fault: of the proxy, with its parameters; empty: the simulated exchange is muted.
        retries: so many new market data connections meet it, too.
        seconds: how long it lasts; 0: until the client is back, or the cap.
        passes: how often every client is put through it.
    """

    name: str
    title: str
    says: str
    fault: str = ""
    retries: int = 0
    seconds: float = 0.0
    passes: int = 1


ORDEALS = (
    Ordeal(
        name="close",
        title="close",
        says="the connection is closed in order (TCP FIN), without a close frame",
        fault="close",
        passes=3,
    ),
    Ordeal(
        name="reset",
        title="reset",
        says="the connection is reset (TCP RST)",
        fault="reset",
        passes=3,
    ),
    Ordeal(
        name="away",
        title=f"server away {AWAY_S:g} s",
        says=f"the connection is closed, and for {AWAY_S:g} s nothing listens",
        fault="away:how=close",
        seconds=AWAY_S,
        passes=2,
    ),
    Ordeal(
        name="black_hole",
        title="black hole",
        says="nothing gets through the connection any more, TCP stays up; new connections work",
        fault="black_hole",
    ),
    Ordeal(
        name="swallowed",
        title="same, first retry swallowed too",
        says="a black hole, which the first new connection meets as well",
        fault="black_hole",
        retries=1,
    ),
    Ordeal(
        name="mute",
        title="pings answered, no data",
        says="the exchange answers pings and requests on the connection, and sends no data; new connections work",
    ),
)
