"""A private REST request of MEXC's whose key is good, and how its parameters are read."""

from collections.abc import Sequence

from msgspec import Struct

from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.entries import Entry
from feedtree.ops.sim.mexc.denied import Denied, missing
from feedtree.ops.sim.mexc.identity import Params

DAY_MS = 86_400_000


class Asked(Struct, frozen=True):
    """What is asked for.

    Args:
        account: whose.
        params: of query and body.
        entries: what was taken down of it.
    """

    account: Account
    params: Params
    entries: Sequence[Entry]


class Span(Struct, frozen=True):
    """A stretch of time, both ends in it, UTC milliseconds."""

    first: int
    last: int


def number(params: Params, name: str, default: int, *, most: int = 10**15) -> int:
    """Return a whole number, ``most`` where it is over that.

    Raises:
        Denied: it is none.
    """
    text = params.get(name, str(default))
    if not text.isdecimal() or len(text) > 15:
        raise missing(name)
    return min(int(text), most)


def span(params: Params, now_ms: int, *, default_ms: int, longest_ms: int, cut: bool) -> Span:
    """Return the stretch of time that is asked for.

    Args:
        params: of the request.
        now_ms: its end where none is stated.
        default_ms: its length where no start is stated.
        longest_ms: its greatest length.
        cut: a longer one loses its oldest part, instead of being refused.

    Raises:
        Denied: it is too long, or a time is none.
    """
    last = number(params, "endTime", now_ms)
    first = number(params, "startTime", max(0, last - default_ms))
    if last - first > longest_ms and not cut:
        raise Denied(33333, "param is error")
    return Span(max(first, last - longest_ms), last)
