"""``feedtree tree``: finds the running app and prints its tree."""

import sys

import msgspec

from feedtree.ops.inspect_client import InspectFailed, RunningApp, TreeAnswer, ask_tree, running_apps
from feedtree.ops.tree_lines import plain, span, tree_lines

_NONE_RUNS = 'no app runs that serves its tree: start "feedtree run", or use open_tree(..., inspect=True)'


def print_tree(wanted: str | None, *, as_json: bool) -> int:
    """Print the tree of the one app that runs, or of the one that is wanted.

    Returns:
        The exit code: 1 where there is none or it does not answer, 2 where it must be said which.
    """
    try:
        apps = running_apps(wanted)
        if not apps:
            return _complain(_none_found(wanted), 1)
        if len(apps) > 1:
            return _list(apps)
        answer = ask_tree(apps[0])
    except InspectFailed as error:
        return _complain(str(error), 1)
    except OSError as error:  # UnsafeDirectory is one
        return _complain(str(error), 1)
    print(msgspec.json.encode(answer).decode() if as_json else _drawn(answer))
    return 0


def _none_found(wanted: str | None) -> str:
    others = [str(app) for app in running_apps()] if wanted is not None else []
    if not others:
        return _NONE_RUNS
    return f'no running app is called "{wanted}"; there are: {", ".join(others)}'


def _list(apps: list[RunningApp]) -> int:
    """Say which apps there are, each with a little of what it does."""
    for app in apps:
        print(_summary(app))
    return _complain(f"{len(apps)} apps run: say which with --app NAME or --app PID", 2)


def _summary(app: RunningApp) -> str:
    try:
        answer = ask_tree(app)
    except InspectFailed as error:
        return str(error)
    uptime = f"up {span(answer.tree.uptime)}" if answer.tree.uptime is not None else str(answer.tree.state)
    return f"{app.name}  pid {app.pid}  {uptime}"


def _drawn(answer: TreeAnswer) -> str:
    lines = tree_lines(answer.tree, f"{answer.app} (pid {answer.pid})")
    if not sys.stdout.isatty():
        return "\n".join(plain(lines))
    from rich.console import Console

    from feedtree.ops.view import tree_table

    console = Console(highlight=False)
    with console.capture() as capture:
        console.print(tree_table(lines))
    return capture.get().rstrip("\n")


def _complain(text: str, code: int) -> int:
    print(f"feedtree: {text}", file=sys.stderr)
    return code
