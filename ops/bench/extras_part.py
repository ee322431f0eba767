"""The part ``extras``: cryptofeed and ccxt.pro beside feedtree, where ``make bench-extras`` made their environment."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from feedtree.exchanges.gateio.channels import ORDER_BOOK_UPDATE
from feedtree.ops import bench as package
from feedtree.ops.bench.extras.task import Task
from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.measure import Sample
from feedtree.ops.bench.messages import table
from feedtree.ops.bench.parts import Figure, Part, Table
from feedtree.ops.bench.processes import Bench, judge, open_bench
from feedtree.ops.bench.profiles import missed
from feedtree.ops.bench.programs import ProgramFailed, output, result
from feedtree.ops.bench.progress import interleaved, say
from feedtree.ops.bench.runs import Case, Run, faults, line, paired, plain, us_per_message
from feedtree.ops.bench.traffic import Traffic, make_traffic

PYTHON = Path(".venv-extras") / "bin" / "python"
MISSING = "cryptofeed and ccxt.pro were not measured: make bench-extras installs and measures them"
MESSAGES = (
    60_000  # so many that cryptofeed's ten REST books, fetched with the first of them, are few among them
)
OURS = Case("feedtree whole")
EXTRAS = {"cryptofeed": "cryptofeed_client", "ccxt.pro": "ccxt_client"}
MOST = {"cryptofeed": 0.3, "ccxt.pro": 0.15}
PATIENCE = 60.0  # seconds


def run_part(core: Cores, rounds: int) -> Part:
    """Measure them; nothing where their environment is not there."""
    if not PYTHON.exists():
        return Part("extras", [Table(MISSING, ("client",), [])], [])
    traffics = {
        "obu": make_traffic(MESSAGES, seed=1),
        "updates": make_traffic(MESSAGES, seed=1, book_channel=ORDER_BOOK_UPDATE),
    }
    say(f"extras: {MESSAGES:,} messages, {rounds} rounds")
    runs: list[Run] = []
    with (
        tempfile.TemporaryDirectory(prefix="feedtree-bench-") as folder,
        open_bench(Path(folder), traffics, core) as bench,
    ):
        for number, client in interleaved((OURS.client, *EXTRAS), rounds):
            if client == OURS.client:
                runs.append(bench.run(OURS, "obu", number))
            else:
                name = "updates" if client == "cryptofeed" else "obu"
                runs.append(_run(bench, client, name, traffics[name], number))
            say(line(runs[-1]))
        figures = list(figures_of(runs))
        looked_into = dict.fromkeys((figure.name for figure in figures), OURS)
        profiles = missed(figures, looked_into, lambda case: bench.run(case, "obu", profile=True))
    size = traffics["obu"].mean_size
    return Part("extras", [table(runs, size)], figures, faults(runs), profiles, [plain(run) for run in runs])


def figures_of(runs: Sequence[Run]) -> Iterator[Figure]:
    """Yield what the whole pipeline costs by what each of them costs."""
    for client, most in MOST.items():
        found = paired(runs, OURS, Case(client), us_per_message)
        if found is not None:
            yield Figure(
                f"tls whole pipeline: CPU / {client}", found.value, "x", "cpu", most, note=found.note
            )


def _run(bench: Bench, client: str, name: str, traffic: Traffic, number: int) -> Run:
    errand = bench.errand(Case(client), name)
    assert errand.ca_file is not None
    host = errand.url.partition("://")[2].partition("/")[0]
    task = Task(
        ws_url=errand.url,
        rest_url=f"https://{host}",
        ca_file=errand.ca_file,
        core=errand.core,
        pairs=errand.pairs,
        timed=errand.timed,
        total=errand.total,
    )
    file = Path(errand.ca_file).with_name("task.json")
    file.write_bytes(msgspec.json.encode(task))
    script = Path(str(package.__file__)).parent / "extras" / f"{EXTRAS[client]}.py"
    trusted = (f"{name}={errand.ca_file}" for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
    command = ["env", f"PYTHONPATH={_importable()}", *trusted, str(PYTHON), str(script), str(file)]
    load = os.getloadavg()[0]
    try:
        sample = result(output(command, patience=PATIENCE), Sample)
    except ProgramFailed as error:
        return Run(Case(client), None, [str(error)], load, number)
    sent = len(traffic.frames)
    return Run(Case(client), sample, judge(sample, sent, traffic.final), load, number, sent)


def _importable() -> Path:
    """Return the folder in which ``feedtree`` stands: what measures is ours."""
    return Path(str(package.__file__)).parents[3]
