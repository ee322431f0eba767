"""``feedtree tree`` and ``feedtree ps``: what runs, and how it is."""

import shutil
import sys
import time

import msgspec
from msgspec import Struct

from feedtree.ops.facts import Facts
from feedtree.ops.inspect.client import Client, InspectFailed, RunningApp, running_apps
from feedtree.ops.inspect.protocol import Overview
from feedtree.ops.operate.attach import FAILED, FINE, WRONG_USE, attached, complain
from feedtree.ops.operate.health import ailments
from feedtree.ops.operate.looks import branch, look, look_twice, rates, states
from feedtree.ops.operate.spans import brief
from feedtree.ops.operate.tables import Column, plain, print_table, rendered
from feedtree.ops.operate.tree_lines import COLUMNS, tree_rows
from feedtree.supervisors.snapshot import Node

REDRAW = 1.0  # s between two pictures of --watch

_CLEAR = "\x1b[H\x1b[2J"
_PS = (
    Column("app"),
    Column("pid", right=True),
    Column("up", right=True),
    Column("streams", right=True),
    Column("msg/s", right=True),
    Column("health", last=True),
)


class TreeSaid(Struct, frozen=True):
    """What ``feedtree tree --json`` prints; rates are messages per second by stream."""

    app: str
    pid: int
    tree: Node
    facts: Facts
    rates: dict[str, float]


class AppSaid(Struct, frozen=True, kw_only=True):
    """What ``feedtree ps --json`` prints of an app.

    Args:
        up_s: seconds since its tree is up; None where that is not known.
        streams: how many there are, of which ``live`` are live.
        per_second: messages per second of all streams.
        ailments: what is not well, a line each.
        error: why nothing more is known of it; empty where it answered.
    """

    app: str
    pid: int
    up_s: float | None = None
    streams: int = 0
    live: int = 0
    per_second: float = 0.0
    ailments: list[str] = []
    error: str = ""


def print_tree(wanted: str | None, path: str, *, as_json: bool, watch: bool) -> int:
    """Print the tree of an app, or a branch of it; return the exit code.

    Args:
        wanted: which app, see `attached`.
        path: of the branch; empty for all of it.
        as_json: as one line of JSON.
        watch: again and again, until Ctrl-C.
    """
    if watch and as_json:
        return complain("--watch draws for people: ask again and again for --json", WRONG_USE)

    def show(client: Client) -> int:
        if watch:
            return _watch(client, path)
        overview, per_second = look_twice(client)
        node = branch(overview, path)
        if as_json:
            said = TreeSaid(overview.app, overview.pid, node, overview.facts, per_second)
            print(msgspec.json.encode(said).decode())
        else:
            print_table(COLUMNS, _rows(overview, path, per_second))
        return FINE

    return attached(wanted, show)


def print_apps(*, as_json: bool) -> int:
    """Print the apps that run, each with a little of what it does; return the exit code: 1 where none does."""
    try:
        apps = running_apps()
    except OSError as error:
        return complain(str(error), FAILED)
    listed = [_listed(app) for app in apps]
    if as_json:
        print(msgspec.json.encode(listed).decode())
    elif listed:
        print_table(_PS, [_row(app) for app in listed])
    else:
        print("no app runs that serves its tree", file=sys.stderr)
    return FINE if listed else FAILED


def _watch(client: Client, path: str) -> int:
    before = look(client)
    while True:
        time.sleep(REDRAW)
        now = look(client)
        rows = _rows(now, path, rates(before, now))
        if sys.stdout.isatty():
            width, height = shutil.get_terminal_size()
            text = _CLEAR + "\n".join(rendered(COLUMNS, rows, width)[: height - 1])
        else:
            text = "\n".join(plain(COLUMNS, rows)) + "\n"
        print(text, flush=True)
        before = now


def _rows(overview: Overview, path: str, per_second: dict[str, float]) -> list[tuple[str, ...]]:
    node = branch(overview, path)
    title = node.path or f"{overview.app} (pid {overview.pid})"
    return [tuple(row) for row in tree_rows(node, title, states(overview), per_second)]


def _listed(app: RunningApp) -> AppSaid:
    try:
        with Client(app) as client:
            overview, per_second = look_twice(client)
    except InspectFailed as error:
        return AppSaid(app=app.name, pid=app.pid, error=str(error))
    streams = overview.facts.streams
    return AppSaid(
        app=app.name,
        pid=app.pid,
        up_s=overview.tree.uptime,
        streams=len(streams),
        live=sum(stream.live for stream in streams),
        per_second=sum(per_second.values()),
        ailments=ailments(overview),
    )


def _row(app: AppSaid) -> tuple[str, ...]:
    if app.error:
        return app.app, str(app.pid), "", "", "", app.error
    ill = app.ailments
    return (
        app.app,
        str(app.pid),
        brief(app.up_s),
        f"{app.live} of {app.streams} live",
        f"{app.per_second:,.0f}",
        "fine" if not ill else ill[0] if len(ill) == 1 else f"{ill[0]}, and {len(ill) - 1} more",
    )
