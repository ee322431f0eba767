"""``feedtree sim``: checks its options, serves, and ends as it should."""

import math
import ssl
import sys
from pathlib import Path

import trio
from msgspec import Struct

from feedtree.exchanges.symbols import Symbol
from feedtree.ops import config_rules
from feedtree.ops.config import ConfigError
from feedtree.ops.sim.accounts.config import AccountConfig
from feedtree.ops.sim.accounts.files import BadAccounts, read_accounts
from feedtree.ops.sim.accounts.state import BadState
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.markets import DEFAULT_SYMBOLS
from feedtree.ops.sim.run import run_sim, server_context
from feedtree.ops.sim.switchboard import SwitchBoard, UnknownSwitch


class SimOptions(Struct, frozen=True):
    """The options of ``feedtree sim`` as they were typed; see the command's help."""

    host: str
    port: int
    tls: tuple[Path, Path] | None
    seed: int
    rate: float
    orders: int
    symbols: str | None
    replay: Path | None
    switches: tuple[str, ...]
    accounts: Path | None
    state: Path | None
    end_with_parent: bool


def serve(options: SimOptions) -> int:
    """Serve until SIGINT or SIGTERM, or until stdin ends where that was asked for.

    Returns:
        The exit code: 1 where the address cannot be had, 2 where the state file cannot be used.

    Raises:
        ConfigError: an option is wrong.
    """
    if not 0 <= options.port <= 65535:
        raise ConfigError("--port", f"{options.port} is not allowed; allowed: 0 to 65535")
    config, tls = sim_config(options), _tls(options.tls)
    code = 0
    try:
        trio.run(_serve, config, options, tls)
    except* BadState as group:
        code = _complain_of_state(group)
    except* OSError as group:
        code = _complain(options, group)
    return code


def sim_config(options: SimOptions) -> SimConfig:
    """Return what the options ask for.

    Raises:
        ConfigError: an option is wrong.
    """
    if not 0 <= options.rate < math.inf:
        raise ConfigError(
            "--rate", f"{options.rate:g} is not allowed; allowed: order events per second, 0 or more"
        )
    if options.orders < 1:
        raise ConfigError(
            "--orders", f"{options.orders} is not allowed; allowed: resting orders of a book, 1 or more"
        )
    return SimConfig(
        seed=options.seed,
        rate=options.rate,
        orders=options.orders,
        symbols=DEFAULT_SYMBOLS if options.symbols is None else _symbols(options.symbols),
        replay=_recorded(options.replay),
        switches=_switches(options.switches),
        accounts=_accounts(options.accounts),
        state=_state(options.state),
    )


async def _serve(config: SimConfig, options: SimOptions, tls: ssl.SSLContext | None) -> None:
    async with trio.open_nursery() as nursery:
        if options.end_with_parent:
            nursery.start_soon(_end_with_stdin, nursery.cancel_scope)
        await run_sim(config, host=options.host, port=options.port, tls=tls)
        nursery.cancel_scope.cancel()


async def _end_with_stdin(scope: trio.CancelScope) -> None:
    """Cancel when the other end of stdin is gone, however that process ended."""
    async with trio.lowlevel.FdStream(sys.stdin.fileno()) as stdin:
        while await stdin.receive_some():
            pass
    scope.cancel()


def _symbols(text: str) -> tuple[Symbol, ...]:
    try:
        return config_rules.symbols([part.strip() for part in text.split(",")])
    except config_rules.Wrong as error:
        raise ConfigError(f"--symbols{error.key}", error.problem) from error


def _accounts(path: Path | None) -> tuple[AccountConfig, ...] | None:
    try:
        return None if path is None else read_accounts(path)
    except BadAccounts as error:
        raise ConfigError("--accounts", str(error)) from error


def _state(path: Path | None) -> Path | None:
    if path is not None and not path.parent.is_dir():
        raise ConfigError("--state", f'"{path}" cannot be made; allowed: a file in a folder that exists')
    return path


def _recorded(prefix: Path | None) -> Path | None:
    if prefix is not None and not prefix.with_name(f"{prefix.name}.ws.1.0").is_file():
        raise ConfigError("--replay", f'"{prefix}" is no recorded session; allowed: PREFIX of PREFIX.ws.1.0')
    return prefix


def _tls(files: tuple[Path, Path] | None) -> ssl.SSLContext | None:
    if files is None:
        return None
    try:
        return server_context(*files)
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or error
        raise ConfigError(
            "--tls", f"{files[0]} {files[1]}: {reason}; allowed: CERT KEY, PEM files"
        ) from error


def _switches(typed: tuple[str, ...]) -> dict[str, dict[str, object]]:
    """Read ``VENUE:NAME=VALUE`` settings, and try them."""
    board = SwitchBoard()
    settings: dict[str, dict[str, object]] = {}
    for text in typed:
        venue, colon, setting = text.partition(":")
        name, equals, value = setting.partition("=")
        if not colon or not equals:
            raise ConfigError("--switch", f'"{text}" is no switch; allowed: VENUE:NAME=VALUE')
        try:
            board.set(venue, name, value)
        except UnknownSwitch as error:
            raise ConfigError("--switch", str(error)) from error
        settings.setdefault(venue, {})[name] = value
    return settings


def _complain_of_state(error: BaseException) -> int:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    print(f"feedtree: --state: {error}", file=sys.stderr)
    return 2


def _complain(options: SimOptions, error: BaseException) -> int:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    reason = error.strerror if isinstance(error, OSError) else error
    print(f"feedtree: cannot listen on {options.host}:{options.port}: {reason}", file=sys.stderr)
    return 1
