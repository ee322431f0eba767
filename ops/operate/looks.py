"""A look at a running app, and the rates between two of them."""

import time
from collections.abc import Mapping

from feedtree.ops.inspect.client import Client, InspectFailed
from feedtree.ops.inspect.paths import close_paths
from feedtree.ops.inspect.protocol import Look, Overview, Problem
from feedtree.supervisors.snapshot import Node

BETWEEN = 0.5  # s between the two looks that a rate is made of


def look(client: Client) -> Overview:
    """Look once; errors as `Client.ask`."""
    return client.ask(Look(), Overview)


def look_twice(client: Client) -> tuple[Overview, dict[str, float]]:
    """Look, and look again half a second later; return the later look, and messages per second by stream."""
    before = look(client)
    time.sleep(BETWEEN)
    now = look(client)
    return now, rates(before, now)


def rates(before: Overview, now: Overview) -> dict[str, float]:
    """Return messages per second by stream."""
    seconds = now.at - before.at
    counts = {stream.path: stream.messages for stream in before.facts.streams}
    return {
        stream.path: max(0, stream.messages - counts[stream.path]) / seconds
        for stream in now.facts.streams
        if seconds > 0 and stream.path in counts
    }


def branch(overview: Overview, path: str) -> Node:
    """Return the node at a path.

    Raises:
        InspectFailed: there is none; names those that were meant, perhaps.
    """
    found = overview.tree.find(path.strip("/"))
    if found is not None:
        return found
    raise InspectFailed.of(Problem("path", f"nothing runs at {path}", close_paths(overview.tree, path)))


def states(overview: Overview) -> Mapping[str, str]:
    """Return the state of each stream, by its path."""
    return {stream.path: stream.state for stream in overview.facts.streams}
