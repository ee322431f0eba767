"""``feedtree health``: whether every stream is live and every account consistent, for scripts and probes."""

import msgspec

from feedtree.ops.health import ailments as ailments_of
from feedtree.ops.inspect.client import Client
from feedtree.ops.inspect.protocol import Overview
from feedtree.ops.operate.attach import FAILED, FINE, attached
from feedtree.ops.operate.looks import look


def ailments(overview: Overview) -> list[str]:
    """Return a line for each thing that is not as it should be."""
    return ailments_of(overview.facts, overview.tree)


def print_health(wanted: str | None, *, as_json: bool) -> int:
    """Print what is not well; return the exit code: 0 only where everything is.

    Args:
        wanted: which app, see `attached`.
        as_json: as one line of JSON.
    """

    def show(client: Client) -> int:
        overview = look(client)
        ill = ailments(overview)
        if as_json:
            print(msgspec.json.encode({"healthy": not ill, "ailments": ill}).decode())
        else:
            streams = len(overview.facts.streams)
            print("\n".join(ill) if ill else f"fine: {streams} streams live, every account consistent")
        return FAILED if ill else FINE

    return attached(wanted, show)
