"""Starts the server and the clients, one client at a time, and judges what each brings back."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

import msgspec
import trustme
from msgspec import Struct
from msgspec.structs import replace

from feedtree.ops.bench.errand import Errand
from feedtree.ops.bench.latencies import latency
from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.measure import Sample
from feedtree.ops.bench.pace import Sent, read_report, unpacked
from feedtree.ops.bench.pairs import pairs_of
from feedtree.ops.bench.programs import PATIENCE, ProgramFailed, output, result
from feedtree.ops.bench.ready import Ready
from feedtree.ops.bench.runs import Case, Run
from feedtree.ops.bench.server import CERTIFICATE_FILE, Order, traffic_file
from feedtree.ops.bench.traffic import Traffic
from feedtree.ops.bench.truth import Books, differences

WARM = 0.3  # seconds of a paced run before its clock starts
CA_FILE = "ca.pem"


class Bench:
    """A running server and what its clients are told.

    Args:
        folder: where the files for the processes are.
        traffics: what is sent as fast as possible, by name.
        ports: of the server, by transport.
        cores: where processes are pinned to.
    """

    def __init__(
        self, folder: Path, traffics: Mapping[str, Traffic], ports: dict[str, int], cores: Cores
    ) -> None:
        self._folder = folder
        self._traffics = traffics
        self._ports = ports
        self._cores = cores
        self._numbers = count()

    def errand(self, case: Case, name: str, *, profile: bool = False) -> Errand:
        """Return the task of a client that gets a prepared traffic."""
        traffic = self._traffics[name]
        return Errand(
            url=self.url(case.transport, Order(traffic=name)),
            ca_file=self._ca_file(case.transport),
            core=self._cores.client,
            pairs=tuple(traffic.final),
            timed=traffic.timed,
            total=len(traffic.frames),
            middle=traffic.middle,
            profile=profile,
        )

    def run(self, case: Case, name: str, number: int = 0, *, profile: bool = False) -> Run:
        """Run one client to its end, as fast as it takes a prepared traffic; ``number`` is that of the round."""
        load = load_now()
        try:
            sample = self.sample(case.client, self.errand(case, name, profile=profile))
        except ProgramFailed as error:
            return Run(case, None, [str(error)], load, number)
        traffic = self._traffics[name]
        sent = len(traffic.frames)
        return Run(case, sample, judge(sample, sent, traffic.final), load, number, sent)

    def paced(self, case: Case, seconds: float, number: int = 0, *, profile: bool = False) -> Run:
        """Run one client that gets messages at its case's pace for so long, after a warm-up."""
        load, arrivals = load_now(), self._folder / f"arrived-{next(self._numbers)}"
        warm = int(case.per_s * WARM)
        errand, report = self.flow(case, warm + int(case.per_s * seconds), seed=number + 1)
        errand = replace(errand, warm=warm, arrivals=str(arrivals), profile=profile)
        try:
            sample = self.sample(case.client, errand, PATIENCE + seconds)
            sent = read_report(report)
        except (ProgramFailed, FileNotFoundError) as error:
            return Run(case, None, [str(error)], load, number)
        return _paced_run(case, sample, sent, arrivals, warm, load, number)

    def flow(self, case: Case, total: int, seed: int) -> tuple[Errand, Path]:
        """Return the task of a client that gets so many messages at its case's pace, and where the server reports."""
        report = self._folder / f"sent-{next(self._numbers)}"
        order = Order(per_s=case.per_s, count=total, symbols=case.symbols, seed=seed, report=report.name)
        errand = Errand(
            url=self.url(case.transport, order),
            ca_file=self._ca_file(case.transport),
            core=self._cores.client,
            pairs=tuple(pair.symbol for pair in pairs_of(case.symbols)),
            timed=total,
            total=total,
        )
        return errand, report

    def ready(self, name: str) -> Ready:
        """Find out how soon streams over TLS are ready, with the symbols of a prepared traffic.

        Raises:
            ProgramFailed: they were not.
        """
        errand = self.errand(Case("ready"), name)
        return result(self.output("feedtree.ops.bench.ready", errand), Ready)

    def sample(self, client: str, errand: Errand, patience: float = PATIENCE) -> Sample:
        """Run one client to its end.

        Raises:
            ProgramFailed: it brought no sample back.
        """
        found = self.output("feedtree.ops.bench.client", errand, client, patience=patience)
        return result(found, Sample)

    def output(self, module: str, errand: Struct, *arguments: str, patience: float = PATIENCE) -> bytes:
        """Run a module to its end, and return what it printed.

        Args:
            module: which; its last argument is a file with its task.
            errand: its task.
            arguments: those before it.
            patience: seconds that it may take.

        Raises:
            ProgramFailed: it ended with an error, or did not end in time.
        """
        file = self._folder / "errand.json"
        file.write_bytes(msgspec.json.encode(errand))
        return output([sys.executable, "-m", module, *arguments, str(file)], patience=patience)

    def url(self, transport: str, order: Order) -> str:
        """Return where a client gets what is ordered."""
        return address(transport, self._ports[transport], order)

    def _ca_file(self, transport: str) -> str | None:
        return str(self._folder / CA_FILE) if transport == "tls" else None


class Brought(Protocol):
    """As much of what a client found as shows whether it was right."""

    @property
    def received(self) -> int:
        """Messages of the mix that came in all."""
        ...

    @property
    def books(self) -> Books:
        """At the end."""
        ...


def judge(brought: Brought, sent: int, truth: Books) -> list[str]:
    """Name everything that a client lost or has wrong."""
    lost = [] if brought.received == sent else [f"{brought.received} of {sent} messages came"]
    return lost + differences(truth, brought.books)


def _paced_run(
    case: Case, sample: Sample, sent: Sent, arrivals: Path, warm: int, load: float, number: int
) -> Run:
    times = sent.times_ns
    faults = judge(sample, len(times), sent.books)
    arrived = unpacked(arrivals.read_bytes())
    arrivals.unlink()
    figures = None if faults else latency(times, arrived, warm)
    return Run(case, sample, faults, load, number, len(times), figures, sent.late / len(times))


def load_now() -> float:
    """Return how many processes wanted a core over the last minute; 0 where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


@contextmanager
def open_bench(folder: Path, traffics: Mapping[str, Traffic], cores: Cores) -> Iterator[Bench]:
    """Run the blasting server for the time of a block; its certificate is made on the fly."""
    certify(folder)
    for name, traffic in traffics.items():
        traffic_file(folder, name).write_bytes(msgspec.msgpack.encode(traffic))
    with serving("feedtree.ops.bench.server", folder, cores.server) as ports:
        yield Bench(folder, traffics, ports, cores)


def certify(folder: Path) -> None:
    """Make an authority, and a certificate of it for the server."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / CA_FILE))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(folder / CERTIFICATE_FILE)
    )


@contextmanager
def serving(module: str, folder: Path, core: int | None) -> Iterator[dict[str, int]]:
    """Run a server for the time of a block; yields its ports by transport."""
    command = [sys.executable, "-m", module, str(folder)]
    if core is not None:
        command.append(str(core))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())
        finally:
            server.kill()


def address(transport: str, port: int, order: Order) -> str:
    """Return where a client gets what is ordered."""
    scheme = "wss" if transport == "tls" else "ws"
    return f"{scheme}://127.0.0.1:{port}/ws/v4/?{urlencode(msgspec.to_builtins(order))}"
