"""``feedtree events`` and ``feedtree crashes``: what has happened, and what happens."""

from collections.abc import Callable

import msgspec

from feedtree.ops.inspect.client import Client
from feedtree.ops.inspect.protocol import Crash, Crashes, Happening, Past
from feedtree.ops.operate.attach import FINE, WRONG_USE, attached, complain
from feedtree.ops.operate.printing import Line, print_line
from feedtree.ops.operate.spans import moment


def print_events(wanted: str | None, path: str, *, last: int, follow: bool, as_json: bool) -> int:
    """Print lifecycle events, oldest first; return the exit code.

    Args:
        wanted: which app, see `attached`.
        path: the branch; empty for all.
        last: how many past ones.
        follow: go on with what happens, until Ctrl-C.
        as_json: a line of JSON each.
    """
    if last < 0:
        return complain(f"--last {last}: 0 or more", WRONG_USE)
    request = Past(path=path.strip("/"), last=last, follow=follow)
    tell: Callable[[Happening], None] = _json if as_json else _event

    def show(client: Client) -> int:
        events = client.follow(request, Happening) if follow else client.ask(request, list[Happening])
        for event in events:
            tell(event)
        return FINE

    return attached(wanted, show)


def print_crashes(wanted: str | None, path: str, *, last: int, as_json: bool) -> int:
    """Print the reports of crashes, each kind once with how often it came; return the exit code.

    Args:
        wanted: which app, see `attached`.
        path: the branch; empty for all.
        last: how many kinds.
        as_json: a line of JSON each.
    """
    if last < 1:
        return complain(f"--last {last}: 1 or more", WRONG_USE)

    def show(client: Client) -> int:
        crashes = client.ask(Crashes(path=path.strip("/"), last=last), list[Crash])
        tell: Callable[[Crash], None] = _json if as_json else _crash
        for crash in crashes:
            tell(crash)
        if not crashes and not as_json:
            print("no crash is on record")
        return FINE

    return attached(wanted, show)


def _event(event: Happening) -> None:
    print_line(event_line(event))


def event_line(event: Happening) -> Line:
    """Return an event as a line: when, what, to whom, why."""
    reason = event.reason.rpartition("\n")[2].strip()
    parts = [f"generation {event.generation}"] if event.generation > 1 else []
    if event.wait is not None:
        parts.append(f"in {event.wait:.2f} s")
    if event.verdict:
        parts.append(event.verdict)
    if reason:
        parts.append(reason)
    return Line(moment(event.at_ns), event.kind, event.path or "(root)", ", ".join(parts))


def _crash(crash: Crash) -> None:
    times = "once" if crash.count == 1 else f"{crash.count} times, first {moment(crash.first_ns)}"
    print_line(Line(moment(crash.last_ns), crash.verdict, crash.path, times))
    print("\n".join(f"  {line}" for line in crash.text.splitlines()))
    print()


def _json(what: object) -> None:
    print(msgspec.json.encode(what).decode(), flush=True)
