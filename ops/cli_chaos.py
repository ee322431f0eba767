"""The commands ``feedtree chaos ...``: breaking connections on purpose."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from feedtree.ops.cli_options import Flag

chaos = App(name="chaos", help="Break connections on purpose, to see what heals.")


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
    symbols: int = 100,
) -> int:
    """Run a tree of 52 streams or more through many faults; print a table, exit 1 where a figure is missed.

    Args:
        seed: of the plan, the market and the tree; equal seeds make equal plans.
        faults: how many.
        venue: some of gateio.spot,mexc.spot; both where it is not given.
        only: this class of faults alone, for example away or away:seconds=20.
        pick: these faults of the plan alone, for example 3,17.
        report: write a JSON report to this file at the end.
        full: a control arm that takes its time, and maintenance for a minute.
        shrink: look for fewer faults that fail in the same way.
        symbols: at each venue; beyond 300 there are more streams, and what the venues' budgets take is told.
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
            symbols=symbols,
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
