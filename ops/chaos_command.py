"""``feedtree chaos``: the catalogue of faults, and the proxy as a process of its own."""

import signal
import sys
from pathlib import Path

import msgspec
import trio
from msgspec import Struct

from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.chaos.addresses import leads_back, spelled
from feedtree.ops.chaos.door import CannotListen
from feedtree.ops.chaos.kinds import Refuse
from feedtree.ops.chaos.proxy import open_proxy
from feedtree.ops.chaos.running import Running
from feedtree.ops.chaos.script import Script, Timing, load_script, parse_script
from feedtree.ops.chaos.spelling import WrongFault, check
from feedtree.ops.config import ConfigError
from feedtree.ops.config_rules import shown


class ProxyOptions(Struct, frozen=True):
    """The options of ``feedtree chaos proxy`` as they were typed; see the command's help."""

    listen: str
    to: str
    faults: tuple[str, ...]
    script: Path | None
    at: float
    lasting: float
    seed: int


def print_faults(*, as_json: bool) -> int:
    """Print the catalogue: tables on a terminal, a line for each fault in a pipe."""
    from feedtree.ops.chaos import catalogue, catalogue_lines

    entries = catalogue.catalogue()
    if as_json:
        print(msgspec.json.encode(entries).decode())
    elif sys.stdout.isatty():
        print(catalogue_lines.tables(entries))
    else:
        print("\n".join(catalogue_lines.lines(entries)))
    return 0


def run_proxy(options: ProxyOptions) -> int:
    """Stand between clients and a server until SIGINT or SIGTERM.

    Returns:
        The exit code: 1 where the address cannot be had.

    Raises:
        ConfigError: an option is wrong.
        OSError: stdout or stderr cannot be written.
    """
    listen, to = _address("--listen", options.listen, least=0), _address("--to", options.to, least=1)
    if leads_back(listen, to):
        raise ConfigError(
            "--to", f"{options.to} is where the proxy itself listens; allowed: that of the server"
        )
    script, errors = _script(options), list[OSError]()
    try:
        trio.run(_serve, listen, to, script, options.seed)
    except* OSError as group:
        errors = _leaves(group)
    for error in errors:
        if not isinstance(error, CannotListen):
            raise error
        _say(f"feedtree: {error}")
    return 1 if errors else 0


async def _serve(listen: tuple[str, int], to: tuple[str, int], script: Script, seed: int) -> None:
    start = trio.current_time()

    def tell(running: Running) -> None:
        since = trio.current_time() - start
        _say(f"{since:.3f} s  {running.name} {_told(running)}")

    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with open_proxy(
            TcpNetwork(), to=to, host=listen[0], port=listen[1], seed=seed, tell=tell
        ) as proxy:
            print(
                msgspec.json.encode({"listen": spelled(proxy.address), "to": spelled(to)}).decode(),
                flush=True,
            )
            async with trio.open_nursery() as nursery:
                nursery.start_soon(proxy.play, script)
                async for _ in signals:
                    break
                nursery.cancel_scope.cancel()
            totals = proxy.totals()
    swallowed = totals.up.swallowed + totals.down.swallowed
    _say(
        f"{totals.accepted} connections, {totals.up.delivered} bytes up, {totals.down.delivered} bytes down, "
        f"{swallowed} bytes swallowed"
    )


def _script(options: ProxyOptions) -> Script:
    for option, key, value in (("--at", "at", options.at), ("--for", "for", options.lasting)):
        try:
            check(Timing, option, key, value)
        except WrongFault as error:
            raise ConfigError(option, str(error).partition(" = ")[2]) from error
    otherwise = Timing(at=options.at, lasting=options.lasting)
    try:
        typed = parse_script(options.faults, otherwise=otherwise)
    except WrongFault as error:
        raise ConfigError("--fault", str(error)) from error
    try:
        loaded = load_script(options.script, otherwise=otherwise) if options.script else Script()
    except WrongFault as error:
        raise ConfigError("--script", str(error)) from error
    return Script((*typed.steps, *loaded.steps))


def _address(option: str, text: str, *, least: int) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isdecimal() and least <= int(port) <= 65_535):
        raise ConfigError(
            option, f"{shown(text)} is no address; allowed: HOST:PORT, the port from {least} to 65535"
        )
    return host.removeprefix("[").removesuffix("]"), int(port)


def _told(running: Running) -> str:
    if isinstance(running.fault, Refuse):  # what nobody accepts cannot be counted
        return "begins" if running.ended is None else "ends"
    return f"met {running.met} so far" if running.ended is None else f"ends, met {running.met}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _leaves(error: BaseException) -> list[OSError]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _leaves(each)]
    return [error] if isinstance(error, OSError) else []
