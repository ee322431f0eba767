"""``feedtree sim``: the simulators as a process of their own."""

import signal
import ssl
from collections.abc import Callable
from pathlib import Path

import msgspec
import trio

from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.server import open_sim


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a TLS server context.

    Args:
        certificate: PEM, the chain.
        key: PEM.

    Raises:
        OSError: a file cannot be read.
        ssl.SSLError: a file is no certificate or key, or they do not belong together.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


async def run_sim(
    config: SimConfig,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    announce: Callable[[str], object] | None = None,
) -> None:
    """Serve over TCP until SIGINT or SIGTERM, or until cancelled.

    Args:
        config: what is simulated.
        host: where to listen.
        port: 0 takes a free one.
        tls: see `server_context`; None serves plain.
        announce: given the URLs as one line of JSON once it listens; prints it where None.

    Raises:
        OSError: the address is taken.
        NoRecording: ``config.replay`` names no recording.
        UnknownSwitch: ``config.switches`` names what there is not.
    """
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with open_sim(config, TcpNetwork(), host=host, port=port, tls=tls) as running:
            (announce or _print)(msgspec.json.encode(running.urls).decode())
            async for _ in signals:
                break


def _print(line: str) -> None:
    print(line, flush=True)
