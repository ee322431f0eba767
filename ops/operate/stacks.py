"""``feedtree stack`` and ``feedtree dump``: where the tasks of an app wait, also where its loop is stuck."""

import msgspec

from feedtree.ops.inspect.client import Client, RunningApp, ask_dump
from feedtree.ops.inspect.protocol import Dumped, StackFacts, Stacks
from feedtree.ops.operate.attach import FAILED, FINE, attached, with_app
from feedtree.ops.operate.tables import plain
from feedtree.ops.operate.tree_lines import COLUMNS, tree_rows

_TRIO = "/trio/_core/"  # what every task that waits has innermost; --json prints it, too


def print_stacks(wanted: str | None, path: str, *, as_json: bool) -> int:
    """Print where the tasks of an actor, or of all below a supervisor, wait; return the exit code.

    Args:
        wanted: which app, see `attached`.
        path: of the actor or supervisor.
        as_json: as one line of JSON.
    """

    def show(client: Client) -> int:
        stacks = client.ask(Stacks(path=path.strip("/")), StackFacts).stacks
        if as_json:
            print(msgspec.json.encode(stacks).decode())
        else:
            print("\n".join(_stack_lines(stacks)) or f"no task runs at {path}")
        return FINE

    return attached(wanted, show)


def print_dump(wanted: str | None, *, as_json: bool) -> int:
    """Print the whole tree with all stacks; return the exit code: 1 where the event loop is stuck, too.

    Args:
        wanted: which app, see `attached`.
        as_json: as one line of JSON.
    """

    def show(app: RunningApp) -> int:
        dumped = ask_dump(app)
        print(msgspec.json.encode(dumped).decode() if as_json else "\n".join(dump_lines(dumped)))
        return FAILED if dumped.stuck else FINE

    return with_app(wanted, show)


def dump_lines(dumped: Dumped) -> list[str]:
    """Return a dump as text."""
    lines: list[str] = []
    if dumped.stuck:
        lines += ["the event loop is stuck; this was looked at by another thread. It is at:"]
        lines += [f"  {line}" for line in (dumped.running or "(not to be seen)").splitlines()]
        lines.append("")
    lines += plain(COLUMNS, tree_rows(dumped.tree, f"{dumped.app} (pid {dumped.pid})"))
    return [*lines, "", *_stack_lines(dumped.stacks)]


def _stack_lines(stacks: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for path, stack in stacks.items():
        lines.append(path)
        lines += [f"  {line}" for line in stack.splitlines() if _TRIO not in line]
    return lines
