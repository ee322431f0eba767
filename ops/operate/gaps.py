"""``feedtree gaps``: the intervals without live data."""

import time

import msgspec

from feedtree.exchanges.gaps import Gap
from feedtree.ops.inspect.client import Client
from feedtree.ops.inspect.protocol import Gaps
from feedtree.ops.operate.attach import FINE, WRONG_USE, attached, complain
from feedtree.ops.operate.spans import moment, since_ns
from feedtree.ops.operate.tables import Column, print_table

_COLUMNS = (
    Column("began"),
    Column("seconds", right=True),
    Column("closed"),
    Column("what"),
    Column("cause", last=True),
)


def print_gaps(wanted: str | None, path: str, *, since: str | None, last: int, as_json: bool) -> int:
    """Print gaps, oldest first; return the exit code.

    Args:
        wanted: which app, see `attached`.
        path: the branch; empty for all.
        since: only those that had not ended by then; see `since_ns`.
        last: how many, the newest.
        as_json: a line of JSON each.
    """
    if last < 1:
        return complain(f"--last {last}: 1 or more", WRONG_USE)
    try:
        begin = 0 if since is None else since_ns(since, time.time_ns())
    except ValueError as error:
        return complain(f"--since {error}", WRONG_USE)

    def show(client: Client) -> int:
        gaps = client.ask(Gaps(path=path.strip("/"), since_ns=begin, last=last), list[Gap])
        if as_json:
            for gap in gaps:
                print(msgspec.json.encode(gap).decode())
        elif gaps:
            print_table(_COLUMNS, [_row(gap) for gap in gaps])
        else:
            print("no gap is on record")
        return FINE

    return attached(wanted, show)


def _row(gap: Gap) -> tuple[str, ...]:
    seconds = "" if gap.seconds is None else f"{gap.seconds:.3f}"
    return moment(gap.begin_ns), seconds, gap.closed or "open", gap.key, gap.cause
