"""Attaching to the one app that is meant, and saying what is wrong where that fails."""

import sys
from collections.abc import Callable

from feedtree.ops.inspect.client import Client, InspectFailed, RunningApp, running_apps

FINE, FAILED, WRONG_USE = 0, 1, 2

_NONE_RUNS = 'no app runs that serves its tree: start "feedtree run", or use open_tree(..., inspect=True)'
_USAGE = frozenset({"path", "request"})


def attached(wanted: str | None, act: Callable[[Client], int]) -> int:
    """Do something with the app that runs, or with the one that is wanted.

    Args:
        wanted: its name, its pid, or ``name-pid``; None where one alone runs.
        act: what to do; returns the exit code.

    Returns:
        The exit code: 1 where there is no such app or it does not answer, 2 where it must be said which one, or where
        what was asked for is wrong.
    """

    def ask(app: RunningApp) -> int:
        with Client(app) as client:
            return act(client)

    return with_app(wanted, ask)


def with_app(wanted: str | None, act: Callable[[RunningApp], int]) -> int:
    """Do something with an app, unconnected; arguments and return as `attached`."""
    try:
        apps = running_apps(wanted)
    except OSError as error:  # UnsafeDirectory is one
        return complain(str(error), FAILED)
    if not apps:
        return complain(_none_found(wanted), FAILED)
    if len(apps) > 1:
        names = ", ".join(map(str, apps))
        return complain(
            f"{len(apps)} apps run ({names}): say which with --app, or see feedtree ps", WRONG_USE
        )
    try:
        return act(apps[0])
    except InspectFailed as error:
        return complain(str(error), WRONG_USE if error.code in _USAGE else FAILED)


def complain(text: str, code: int) -> int:
    """Print a line on stderr, and return an exit code."""
    print(f"feedtree: {text}", file=sys.stderr)
    return code


def _none_found(wanted: str | None) -> str:
    others = [str(app) for app in running_apps()] if wanted is not None else []
    if not others:
        return _NONE_RUNS
    return f'no running app is called "{wanted}"; there are: {", ".join(others)}'
