"""Where a campaign takes place: simulated exchanges, a proxy for each line, and the network of the tree."""

import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias
from urllib.parse import urlsplit

import trio
from msgspec import Struct

from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.resolver import Address, Resolver
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import Network
from feedtree.ops.chaos.campaign.fleet import Fleet, open_fleet
from feedtree.ops.chaos.campaign.fleet_process import open_remote_fleet
from feedtree.ops.chaos.campaign.lines import Line, Scale, accounts_of, host_of, proxies_of, symbols_of
from feedtree.ops.chaos.names import Names
from feedtree.ops.sim.accounts.config import AccountConfig
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.server import open_sim
from feedtree.ops.sim_process import VenueAddresses, open_simulators

CERTIFICATE = str(
    Path(__file__).parent.with_name("venues.pem")
)  # its own authority, for names below venue.test
EPOCH_NS = 1_790_000_000_000_000_000
LAG_FREE = {"mexc.spot": {"snapshot_lag_s": 0.0}, "gateio.spot": {"snapshot_lag_s": 0.0}}
_MEMORY_PORT = 9_000


class Ground(Struct):
    """Where it is.

    Args:
        network: of the tree; its names can be broken.
        plain: the same with all names known, for the control paths.
        names: by which the tree dials the lines.
        fleet: the proxies.
        spare: the number of a proxy that no line uses, and no fault meets.
        venues: the addresses of the venues, as if there were no proxies.
        control: the address of the control paths.
        wall_ns: UTC nanoseconds.
        apart: whether exchanges and proxies are processes of their own, so that this one holds the tree alone.
    """

    network: Network
    plain: Network
    names: Names
    fleet: Fleet
    spare: int
    venues: dict[str, VenueAddresses]
    control: str
    wall_ns: Callable[[], int]
    apart: bool


Prepared: TypeAlias = Callable[[Scale, Sequence[Line], int], AbstractAsyncContextManager[Ground]]


@asynccontextmanager
async def over_sockets(scale: Scale, lines: Sequence[Line], seed: int) -> AsyncIterator[Ground]:
    """Loopback and TLS; the exchanges and the proxies are processes of their own.

    Raises:
        SimulatorFailed: the exchanges did not start.
        FleetFailed: the proxies did not start.
    """
    with TemporaryDirectory(prefix="feedtree-") as folder:
        accounts = Path(folder) / "accounts.toml"
        accounts.write_text(_toml(accounts_of(lines)), "utf-8")
        arguments = [
            *("--tls", CERTIFICATE, CERTIFICATE, "--seed", str(seed), "--accounts", str(accounts)),
            *("--rate", f"{scale.rate:g}", "--orders", str(scale.orders)),
            *("--symbols", ",".join(map(str, symbols_of(scale)))),
        ]
        for venue, switches in LAG_FREE.items():
            for name, value in switches.items():
                arguments += ["--switch", f"{venue}:{name}={value}"]
        async with open_simulators(arguments, lambda _: None) as simulators:
            control = simulators.addresses.control
            to = "127.0.0.1", urlsplit(control).port or 0
            spare = len(proxies_of(lines))
            async with open_remote_fleet(spare + 1, to, seed) as fleet:
                names = Names(_loopback)
                network = TcpNetwork(Resolver(names))
                yield Ground(
                    network,
                    TcpNetwork(Resolver(_loopback)),
                    names,
                    fleet,
                    spare,
                    simulators.addresses.venues,
                    control,
                    time.time_ns,
                    True,
                )


@asynccontextmanager
async def in_memory(scale: Scale, lines: Sequence[Line], seed: int) -> AsyncIterator[Ground]:
    """The memory network, for the virtual clock: all of it is in this process, and TLS is real."""
    network = MemoryNetwork()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTIFICATE)
    config = SimConfig(
        seed=seed,
        rate=scale.rate,
        symbols=symbols_of(scale),
        orders=scale.orders,
        accounts=accounts_of(lines),
        switches={venue: dict(switches) for venue, switches in LAG_FREE.items()},
        utc_ns=_virtual_ns,
    )
    spare = len(proxies_of(lines))
    hosts = [host_of(proxy) for proxy in [*proxies_of(lines), spare]]
    async with (
        open_sim(config, network, port=_MEMORY_PORT, tls=tls) as sim,
        open_fleet(network, hosts, ("127.0.0.1", _MEMORY_PORT), seed) as fleet,
    ):
        names = Names()
        venues = {name: VenueAddresses(**sim.urls[name]) for name in ("gateio.spot", "mexc.spot")}
        yield Ground(
            names.over(network), network, names, fleet, spare, venues, sim.urls["control"], _virtual_ns, False
        )


def _virtual_ns() -> int:
    return EPOCH_NS + int(trio.current_time() * 1e9)


def _loopback(_: str) -> list[Address]:
    return [(socket.AF_INET, "127.0.0.1")]


def _toml(accounts: Iterable[AccountConfig]) -> str:
    parts: list[str] = []
    for account in accounts:
        balances = ", ".join(f'{asset} = "{amount}"' for asset, amount in account.balances.items())
        parts.append(
            f'["{account.venue}".{account.name}]\nkey = "{account.key}"\nsecret = "{account.secret}"\n'
            f"balances = {{ {balances} }}\nuid = {account.uid}\n"
        )
    return "\n".join(parts)
