"""The command ``feedtree``. Exit codes: 0 fine, 1 failed at run time, 2 wrong usage or config.

What a command needs is imported when it runs, so that the others start fast.
"""

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

FINE, FAILED, WRONG_USE = 0, 1, 2

Flag = Annotated[bool, Parameter(negative=())]
Hidden = Annotated[bool, Parameter(negative=(), show=False)]


def _version() -> str:
    from importlib.metadata import version

    return version("feedtree")


app = App(
    name="feedtree",
    help="Exchange streams that stay alive: order books and trades under a supervisor tree.",
    version=_version,
)


@app.command
def run(
    config: Path | None = None,
    /,
    *,
    simulated: Flag = False,
    live: str | None = None,
    symbols: str | None = None,
    duration: float | None = None,
    report: Path | None = None,
    plain: Flag = False,
    trade: Flag = False,
) -> int:
    """Stream order books; a live view on a terminal, lines in a pipe. Without a config: simulated exchanges.

    Args:
        config: a TOML file with a table for each venue.
        simulated: start simulated exchanges and stream those.
        live: stream these real venues, for example gateio.spot,mexc.spot; needs no config and no keys.
        symbols: these instead of the config's, for example BTC/USDT,ETH/USDT.
        duration: seconds; without it until Ctrl-C.
        report: write a JSON report to this file at the end.
        plain: lines instead of the live view.
        trade: let a paper trader trade an account at each simulated exchange.
    """
    from feedtree.ops.run_plan import make_plan

    plan = make_plan(
        config,
        simulated=simulated,
        live=live,
        symbols=symbols,
        duration=duration,
        report=report,
        plain=plain,
        trade=trade,
    )
    import trio

    from feedtree.exchanges.public.codec import ChannelNotOffered
    from feedtree.ops import run as running
    from feedtree.ops.sim_process import SimulatorFailed
    from feedtree.supervisors import TreeFailed

    try:
        failures = trio.run(running.run, plan)
    except ChannelNotOffered as error:
        return _complain(str(error), WRONG_USE)
    except SimulatorFailed as error:
        return _complain(f"the simulated exchanges did not start: {error}", FAILED)
    except TreeFailed as error:
        return _complain(f"the tree gave up: {error}", FAILED)
    for failure in failures:
        _complain(failure, FAILED)
    return FAILED if failures else FINE


@app.command
def sim(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: tuple[Path, Path] | None = None,
    seed: int = 1,
    rate: float = 1000.0,
    orders: int = 1_500,
    symbols: str | None = None,
    replay: Path | None = None,
    switch: list[str] | None = None,
    accounts: Path | None = None,
    state: Path | None = None,
    end_with_parent: Hidden = False,
) -> int:
    """Serve simulated exchanges until Ctrl-C; one JSON line on stdout says where.

    Args:
        host: the address to listen on.
        port: the port; 0 takes a free one.
        tls: certificate and key, PEM files; without them plain TCP.
        seed: of all randomness; equal seeds give equal order flow.
        rate: order events per second, over all venues and symbols.
        orders: resting orders that a book keeps, about.
        symbols: what the venues list, for example BTC/USDT,ETH/USDT.
        replay: serve a recorded session instead: PREFIX.ws.1.0 and PREFIX.http.0.0.
        switch: VENUE:NAME=VALUE, turned before the start; can be given several times.
        accounts: a TOML file with the venues' accounts; without it each has one, "demo", with plenty.
        state: a file that keeps accounts, orders and fills over the end of the process, however it ends.
        end_with_parent: end when stdin ends.
    """
    from feedtree.ops.sim_command import SimOptions, serve

    return serve(
        SimOptions(
            host=host,
            port=port,
            tls=tls,
            seed=seed,
            rate=rate,
            orders=orders,
            symbols=symbols,
            replay=replay,
            switches=tuple(switch or ()),
            accounts=accounts,
            state=state,
            end_with_parent=end_with_parent,
        )
    )


@app.command
def tree(*, app: str | None = None, json: Flag = False) -> int:
    """Print the supervisor tree of a running app.

    Args:
        app: its name, its pid, or name-pid; needed where several run.
        json: as JSON.
    """
    from feedtree.ops.tree_command import print_tree

    return print_tree(app, as_json=json)


chaos = App(name="chaos", help="Break connections on purpose, to see what heals.")
app.command(chaos)


@chaos.command
def faults(*, json: Flag = False) -> int:
    """Print all faults: those of the proxy, of names, and of the simulated exchanges.

    Args:
        json: as JSON, with types, units and defaults.
    """
    from feedtree.ops.chaos_command import print_faults

    return print_faults(as_json=json)


@chaos.command
def proxy(
    *,
    listen: str = "127.0.0.1:0",
    to: str,
    fault: Annotated[list[str] | None, Parameter(negative=())] = None,
    script: Path | None = None,
    at: float = 0.0,
    for_: Annotated[float, Parameter(name="--for")] = 0.0,
    seed: int = 0,
) -> int:
    """Stand between clients and a server until Ctrl-C; one JSON line on stdout says where.

    Args:
        listen: HOST:PORT; port 0 takes a free one.
        to: HOST:PORT of the server.
        fault: NAME or NAME:key=value,...; can be given several times. See feedtree chaos faults.
        script: a TOML file with a table [[fault]] for each: name, parameters, at, for, on, count.
        at: seconds until the faults begin, where they do not say it themselves.
        for_: seconds that they last, where they do not say it themselves; 0: to the end.
        seed: of all chance in them.
    """
    from feedtree.ops.chaos_command import ProxyOptions, run_proxy

    return run_proxy(
        ProxyOptions(
            listen=listen, to=to, faults=tuple(fault or ()), script=script, at=at, lasting=for_, seed=seed
        )
    )


@chaos.command(name="run")
def run_campaign(
    *,
    seed: int = 1,
    faults: int = 200,
    venue: str | None = None,
    only: str | None = None,
    pick: str | None = None,
    report: Path | None = None,
    full: Flag = False,
    shrink: bool = True,
) -> int:
    """Run a tree of 46 streams through many faults; print a table, exit 1 where a figure is missed.

    Args:
        seed: of the plan, the market and the tree; equal seeds make equal plans.
        faults: how many.
        venue: some of gateio.spot,mexc.spot; both where it is not given.
        only: this class of faults alone, for example away or away:seconds=20.
        pick: these faults of the plan alone, for example 3,17.
        report: write a JSON report to this file at the end.
        full: a control arm that takes its time, and maintenance for a minute.
        shrink: look for fewer faults that fail in the same way.
    """
    from feedtree.ops.chaos_run_command import RunOptions
    from feedtree.ops.chaos_run_command import run as run_options

    return run_options(
        RunOptions(
            seed=seed,
            faults=faults,
            venue=venue,
            only=only,
            pick=pick,
            report=report,
            full=full,
            shrink=shrink,
        )
    )


@chaos.command
def soak(
    *,
    minutes: float = 30.0,
    seed: int = 1,
    every: float = 3.0,
    rate: float = 1_000.0,
    report: Path | None = None,
    trace: Flag = False,
) -> int:
    """Run a tree of 46 streams under load and faults for long; print what grows, exit 1 where something does.

    Args:
        minutes: how long.
        seed: of the plans, the market and the tree.
        every: seconds between two faults, on average.
        rate: orders per second at the simulated exchanges, over all symbols.
        report: write a JSON report to this file at the end, and its charts beside it as SVG.
        trace: look at allocations after every 500 reconnects; the tree costs three times as much meanwhile.
    """
    from feedtree.ops.chaos_soak_command import SoakOptions
    from feedtree.ops.chaos_soak_command import soak as run_soak

    return run_soak(
        SoakOptions(minutes=minutes, seed=seed, every=every, rate=rate, report=report, trace=trace)
    )


def command(tokens: Sequence[str]) -> int:
    """Run a command line, and return its exit code. Errors are a line or two on stderr."""
    from feedtree.ops.config import ConfigError

    try:
        result = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _complain(f"{_one_line(str(error))} See feedtree --help.", WRONG_USE)
    except ConfigError as error:
        return _complain(str(error), WRONG_USE)
    except KeyboardInterrupt:
        return FAILED
    return result if isinstance(result, int) else FINE


def main() -> None:
    """Run the command line of this process, and exit with its code."""
    _open_standard_files()
    try:
        code = command(sys.argv[1:])
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        # Whoever read stdout went away, or its disk is full. Python would complain once more at its last flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FINE if error.errno == errno.EPIPE else _complain(f"cannot write: {error}", FAILED)
    sys.exit(code)


def _open_standard_files() -> None:
    """Open what the caller closed of stdin, stdout and stderr.

    A connection would get the free number, and lines for people would be written into it.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number, inheritable=True)
                os.close(opened)
            setattr(sys, name, open(number, mode))  # noqa: SIM115 (open for the life of the process)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _complain(text: str, code: int) -> int:
    print(f"feedtree: {text}", file=sys.stderr)
    return code
