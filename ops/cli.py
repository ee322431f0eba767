"""The command ``feedtree``. Exit codes: 0 fine, 1 failed at run time, 2 wrong usage or config.

What a command needs is imported when it runs, so that the others start fast.
"""

import errno
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from cyclopts import App, CycloptsError

from feedtree.ops.cli_chaos import chaos
from feedtree.ops.cli_inspect import add_inspect_commands
from feedtree.ops.cli_options import Flag, Hidden

FINE, FAILED, WRONG_USE = 0, 1, 2


def _version() -> str:
    from importlib.metadata import version

    return version("feedtree")


app = App(
    name="feedtree",
    help="Exchange streams that stay alive: order books and trades under a supervisor tree.",
    version=_version,
)
app.command(chaos)
add_inspect_commands(app)


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
    control: Flag = False,
    metrics_port: int | None = None,
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
        control: let feedtree restart, stop, start and reset-backoff act on what runs.
        metrics_port: serve Prometheus metrics at this port of this machine; 0 takes a free one.
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
        control=control,
        metrics_port=metrics_port,
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
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a locale that knows no lines and arrows
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
