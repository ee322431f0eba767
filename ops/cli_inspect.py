"""The commands that look into a running app, and those that act on it.

What a command needs is imported when it runs, so that the others start fast.
"""

from collections.abc import Callable
from typing import Annotated, Literal

from cyclopts import App, Parameter

from feedtree.ops.cli_options import Flag

Path = Annotated[str, Parameter(show_default=False)]
AppName = Annotated[str | None, Parameter(name="--app")]


def add_inspect_commands(app: App) -> None:
    """Give the command line all of them."""
    commands: tuple[Callable[..., int], ...] = (
        *(tree, ps, top, show, events, crashes, stack, dump, trace, gaps, health),
        *(restart, stop, start, reset_backoff, completion),
    )
    for command in commands:
        app.command(command)

    @app.command(show=False)
    def complete(position: int, /, *words: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> int:
        """Print what may stand at a word of a command line, for the shells' completion."""
        return _complete(app, list(words), position)


def tree(path: Path = "", /, *, app: AppName = None, json: Flag = False, watch: Flag = False) -> int:
    """Print the supervisor tree of a running app, or a branch of it.

    Args:
        path: of the branch, for example public/gateio.spot.
        app: its name, its pid, or name-pid; needed where several run.
        json: as JSON.
        watch: again every second, until Ctrl-C.
    """
    from feedtree.ops.operate.tree import print_tree

    return print_tree(app, path, as_json=json, watch=watch)


def ps(*, json: Flag = False) -> int:
    """List the apps that run, with how they are.

    Args:
        json: as JSON.
    """
    from feedtree.ops.operate.tree import print_apps

    return print_apps(as_json=json)


def top(path: Path = "", /, *, app: AppName = None, every: float = 1.0) -> int:
    """Watch a running app: its tree, its streams, and what happens.

    Args:
        path: of the branch to begin with.
        app: its name, its pid, or name-pid; needed where several run.
        every: seconds between two looks.
    """
    from feedtree.ops.operate.top.run import print_top

    return print_top(app, path, every=every)


def show(path: Path = "", /, *, app: AppName = None, json: Flag = False) -> int:
    """Print all that is known of one path: how it is supervised, its stream, topics, outages, mailboxes, crashes.

    Args:
        path: of a child; without it of the root.
        app: its name, its pid, or name-pid; needed where several run.
        json: as JSON.
    """
    from feedtree.ops.operate.show import print_details

    return print_details(app, path, as_json=json)


def events(
    path: Path = "",
    /,
    *,
    follow: Annotated[bool, Parameter(name=("--follow", "-f"), negative=())] = False,
    last: Annotated[int, Parameter(name=("--last", "-n"))] = 20,
    app: AppName = None,
    json: Flag = False,
) -> int:
    """Print lifecycle events at and below a path, oldest first.

    Args:
        path: of the branch; without it all.
        follow: go on with what happens, until Ctrl-C.
        last: how many past ones.
        app: its name, its pid, or name-pid; needed where several run.
        json: a line of JSON each.
    """
    from feedtree.ops.operate.events import print_events

    return print_events(app, path, last=last, follow=follow, as_json=json)


def crashes(
    path: Path = "",
    /,
    *,
    last: Annotated[int, Parameter(name=("--last", "-n"))] = 10,
    app: AppName = None,
    json: Flag = False,
) -> int:
    """Print crash reports at and below a path, each kind once, with how often it came.

    Args:
        path: of the branch; without it all.
        last: how many kinds.
        app: its name, its pid, or name-pid; needed where several run.
        json: a line of JSON each.
    """
    from feedtree.ops.operate.events import print_crashes

    return print_crashes(app, path, last=last, as_json=json)


def stack(path: Path = "", /, *, app: AppName = None, json: Flag = False) -> int:
    """Print where the tasks of an actor wait, or of all actors below a supervisor.

    Args:
        path: of the actor; without it all.
        app: its name, its pid, or name-pid; needed where several run.
        json: as JSON.
    """
    from feedtree.ops.operate.stacks import print_stacks

    return print_stacks(app, path, as_json=json)


def dump(*, app: AppName = None, json: Flag = False) -> int:
    """Print the whole tree with all stacks, also where the event loop is stuck; exits with 1 where it is.

    Args:
        app: its name, its pid, or name-pid; needed where several run.
        json: as JSON.
    """
    from feedtree.ops.operate.stacks import print_dump

    return print_dump(app, as_json=json)


def trace(
    path: str,
    /,
    *,
    count: int = 20,
    rate: float = 10.0,
    symbol: str = "",
    app: AppName = None,
    json: Flag = False,
) -> int:
    """Print messages of a stream as they pass.

    Args:
        path: of a stream, a venue or an account.
        count: how many, 10,000 at most.
        rate: how many a second, 100 at most; others pass unseen, and are counted.
        symbol: of this one alone, for example BTC/USDT.
        app: its name, its pid, or name-pid; needed where several run.
        json: a line of JSON each.
    """
    from feedtree.ops.operate.trace import print_trace

    return print_trace(app, path, count=count, rate=rate, symbol=symbol, as_json=json)


def gaps(
    path: Path = "",
    /,
    *,
    since: str | None = None,
    last: Annotated[int, Parameter(name=("--last", "-n"))] = 100,
    app: AppName = None,
    json: Flag = False,
) -> int:
    """Print the intervals without live data, oldest first.

    Args:
        path: of a stream, a venue or an account; without it all.
        since: only gaps that had not ended by then: 15m, 2h, 1d, or 2026-11-28T12:00.
        last: how many, the newest; 1,000 at most.
        app: its name, its pid, or name-pid; needed where several run.
        json: a line of JSON each.
    """
    from feedtree.ops.operate.gaps import print_gaps

    return print_gaps(app, path, since=since, last=last, as_json=json)


def health(*, app: AppName = None, json: Flag = False) -> int:
    """Print what is not well; exits with 0 only where every stream is live and every account consistent.

    Args:
        app: its name, its pid, or name-pid; needed where several run.
        json: as JSON.
    """
    from feedtree.ops.operate.health import print_health

    return print_health(app, as_json=json)


def restart(path: str, /, *, app: AppName = None) -> int:
    """Stop a child where it runs, and start it anew; the app has to allow it.

    Args:
        path: of the child.
        app: its name, its pid, or name-pid; needed where several run.
    """
    from feedtree.ops.operate.steering import steer

    return steer(app, "restart", path)


def stop(path: str, /, *, app: AppName = None) -> int:
    """Stop a child until it is started by hand; the app has to allow it.

    Args:
        path: of the child.
        app: its name, its pid, or name-pid; needed where several run.
    """
    from feedtree.ops.operate.steering import steer

    return steer(app, "stop", path)


def start(path: str, /, *, app: AppName = None) -> int:
    """Start a child that is parked or was stopped; the app has to allow it.

    Args:
        path: of the child.
        app: its name, its pid, or name-pid; needed where several run.
    """
    from feedtree.ops.operate.steering import steer

    return steer(app, "start", path)


def reset_backoff(path: str, /, *, app: AppName = None) -> int:
    """Forget the failures of a child and of all below it, and start at once what waits; the app has to allow it.

    Args:
        path: of the child.
        app: its name, its pid, or name-pid; needed where several run.
    """
    from feedtree.ops.operate.steering import steer

    return steer(app, "reset-backoff", path)


def completion(shell: Literal["bash", "zsh"], /) -> int:
    """Print what makes a shell complete commands and paths: eval "$(feedtree completion bash)".

    Args:
        shell: bash or zsh.
    """
    from feedtree.ops.operate.completion import SCRIPTS

    print(SCRIPTS[shell], end="")
    return 0


def _complete(app: App, words: list[str], position: int) -> int:
    from feedtree.ops.operate.completion import completions

    commands = [name for name in app if not name.startswith("-") and app[name].show]
    options: list[str] = []
    if len(words) > 1 and words[1] in commands:
        options = [
            name for argument in app[words[1]].assemble_argument_collection() for name in argument.names
        ]
    for found in completions(words, position, commands, [name for name in options if name.startswith("-")]):
        print(found)
    return 0
