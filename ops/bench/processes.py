"""Starts the server and the clients, one client at a time, and judges what each brings back."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import trustme
from msgspec import Struct

from feedtree.ops.bench.errand import Errand
from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.measure import Sample
from feedtree.ops.bench.programs import ProgramFailed, output
from feedtree.ops.bench.server import CERTIFICATE_FILE, TRAFFIC_FILE
from feedtree.ops.bench.traffic import Traffic
from feedtree.ops.bench.truth import Books, differences

TRANSPORTS = ("tls", "tcp")
STOLEN = 0.02  # share of a run from which on it counts as disturbed
FOREIGN = 0.05
_CA_FILE = "ca.pem"


class Run(Struct, frozen=True):
    """One client's run.

    Args:
        client: its name.
        transport: one of `TRANSPORTS`.
        sample: what it measured; None where it failed.
        faults: why it does not count; empty where it does.
        load: of the machine when it began.
        round: runs of one round are compared with each other: machines change their pace over minutes.
    """

    client: str
    transport: str
    sample: Sample | None
    faults: list[str]
    load: float
    round: int = 0

    @property
    def counts(self) -> bool:
        """Whether every book was right and no message was lost."""
        return not self.faults

    @property
    def disturbed(self) -> bool:
        """Whether others had the core for a noticeable time."""
        sample = self.sample
        return sample is not None and (sample.stolen >= STOLEN or sample.foreign >= FOREIGN)


class Bench:
    """A running server and what its clients are told.

    Args:
        folder: where the files for the processes are.
        traffic: what is sent.
        ports: of the server, by transport.
        cores: where processes are pinned to.
    """

    def __init__(self, folder: Path, traffic: Traffic, ports: dict[str, int], cores: Cores) -> None:
        self._folder = folder
        self._traffic = traffic
        self._ports = ports
        self._cores = cores
        self.truth: Books = traffic.final

    def profile(self, client: str, transport: str) -> None:
        """Run one client to its end, and let it print where its time goes."""
        subprocess.run(self._command(client, transport, profile=True), stdout=subprocess.DEVNULL, check=True)

    def run(self, client: str, transport: str, number: int = 0) -> Run:
        """Run one client to its end; ``number`` is that of the round."""
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        command = self._command(client, transport)
        try:
            sample = msgspec.json.decode(output(command), type=Sample)
        except ProgramFailed as error:
            return Run(client, transport, None, [str(error)], load, number)
        return Run(client, transport, sample, self._judge(sample), load, number)

    def _judge(self, sample: Sample) -> list[str]:
        sent = len(self._traffic.frames)
        lost = [] if sample.received == sent else [f"{sample.received} of {sent} messages came"]
        return lost + differences(self.truth, sample.books)

    def _command(self, client: str, transport: str, *, profile: bool = False) -> list[str]:
        errand = self._folder / "errand.json"
        errand.write_bytes(msgspec.json.encode(self._errand(transport, profile=profile)))
        return [sys.executable, "-m", "feedtree.ops.bench.client", client, str(errand)]

    def _errand(self, transport: str, *, profile: bool = False) -> Errand:
        secure = transport == "tls"
        return Errand(
            url=f"{'wss' if secure else 'ws'}://127.0.0.1:{self._ports[transport]}/ws/v4/",
            ca_file=str(self._folder / _CA_FILE) if secure else None,
            core=self._cores.client,
            timed=self._traffic.timed,
            total=len(self._traffic.frames),
            middle=self._traffic.middle,
            profile=profile,
        )


@contextmanager
def open_bench(folder: Path, traffic: Traffic, cores: Cores) -> Iterator[Bench]:
    """Run the blasting server for the time of a block; its certificate is made on the fly."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / _CA_FILE))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(folder / CERTIFICATE_FILE)
    )
    (folder / TRAFFIC_FILE).write_bytes(msgspec.msgpack.encode(traffic))
    command = [sys.executable, "-m", "feedtree.ops.bench.server", str(folder)]
    if cores.server is not None:
        command.append(str(cores.server))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            yield Bench(folder, traffic, json.loads(server.stdout.readline()), cores)
        finally:
            server.kill()
