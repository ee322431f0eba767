"""Whether the tests of each row find out when a supervisor does not do what the row says.

``python tests/supervisors/mutants.py`` (or ``make mutants``) breaks the supervisors on purpose, in one place at a
time, as mutants.toml lists it, and runs the tests of the row that the change breaks: they have to fail. Ends with 1
where a mutant survived or does not fit the sources any more.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rows import ROOT, tests_of_rows

PACKAGE = "supervisors"
LINKED = ("actors", "exchanges", "ops")
LIMIT = 60.0  # s for the tests of one row, which take a few; a mutant that hangs them is killed


class Misfit(Exception):
    """A mutant that does not fit the sources: what it replaces is not there exactly once."""


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"  # tests failed
    HUNG = "hung"  # tests did not end; counts as killed
    SURVIVED = "SURVIVED"  # all tests passed
    BROKEN = "BROKEN"  # no test ran


@dataclass(frozen=True)
class Mutant:
    """One change that breaks what one row says.

    Args:
        name: says what goes wrong.
        row: whose tests must fail.
        file: in the package of the supervisors.
        old: what stands there, exactly once.
        new: what takes its place.
    """

    name: str
    row: str
    file: str
    old: str
    new: str

    def apply(self, package: Path) -> None:
        """Change a copy of the package.

        Raises:
            Misfit: the text to replace is not found exactly once.
        """
        path = package / self.file
        text = path.read_text()
        if text.count(self.old) != 1:
            raise Misfit(f"{self.name}: its text stands {text.count(self.old)} times in {self.file}")
        path.write_text(text.replace(self.old, self.new))


def mutants() -> list[Mutant]:
    """Return all mutants in order."""
    text = Path(__file__).with_name("mutants.toml").read_text()
    return [Mutant(**each) for each in tomllib.loads(text)["mutant"]]


@contextmanager
def overlay(mutant: Mutant | None = None) -> Iterator[Path]:
    """Make a folder from which `feedtree` is imported: with the mutant, and all else as it is."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        here = Path(folder).resolve()
        namespace = here / "feedtree"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / PACKAGE, namespace / PACKAGE, ignore=ignored)
        for name in LINKED:
            (namespace / name).symlink_to(ROOT / name)
        if mutant is not None:
            mutant.apply(namespace / PACKAGE)
        yield here


def imported_from(folder: Path) -> Path:
    """Return which file `feedtree.supervisors` is, for whoever runs in that overlay."""
    code = f"import feedtree.{PACKAGE} as package; print(package.__file__)"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=_environment(folder),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return Path(ended.stdout.strip())


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment of a run in an overlay; whoever measures coverage does not measure mutants."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return {**kept, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}


def run_tests(folder: Path, nodes: Iterable[str]) -> tuple[Fate, str]:
    """Run tests in an overlay, and return what that says of the code in it, and what was printed."""
    command = [sys.executable, "-m", "pytest", "--quiet", "--exitfirst", "--no-header", *nodes]
    running = subprocess.Popen(
        command,
        env=_environment(folder),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = running.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)  # with whatever the tests started
        running.communicate()
        return Fate.HUNG, f"not done after {LIMIT:g} s"
    return _fate(running.returncode, printed), printed


def _fate(code: int, printed: str) -> Fate:
    if code == 0:
        return Fate.SURVIVED
    # An interrupt that a supervisor let through ends pytest itself.
    return Fate.KILLED if code == 1 or "!! KeyboardInterrupt !!" in printed else Fate.BROKEN


def meet(mutant: Mutant, nodes: Iterable[str]) -> tuple[Fate, str]:
    """Make a mutant and let the tests of its row meet it.

    Raises:
        Misfit: it does not fit the sources.
    """
    with overlay(mutant) as folder:
        return run_tests(folder, nodes)


def check_the_sound_copy(nodes: Iterable[str]) -> bool:
    """Tell whether the tests pass in an overlay without a mutant, and really run what is in it."""
    with overlay() as folder:
        if not imported_from(folder).is_relative_to(folder):
            print(f"the copy is not what is imported, but {imported_from(folder)}")
            return False
        fate, printed = run_tests(folder, nodes)
    if fate is not Fate.SURVIVED:
        print(printed)
        print("the tests of the rows fail without any mutant")
    return fate is Fate.SURVIVED


def _tell(mutant: Mutant, found: dict[str, list[str]]) -> bool:
    """Print the line of one mutant, and return whether all is well."""
    began = time.perf_counter()
    try:
        fate, printed = meet(mutant, found[mutant.row])
    except Misfit as misfit:
        print(misfit, flush=True)
        return False
    print(f"{fate:<9}{time.perf_counter() - began:5.1f} s  {mutant.row}  {mutant.name}", flush=True)
    if fate is Fate.BROKEN:
        print(printed, flush=True)
    return fate in (Fate.KILLED, Fate.HUNG)


def main(arguments: list[str]) -> int:
    """Run what the command line asks for, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="run this mutant alone")
    parser.add_argument("--list", action="store_true", help="list all mutants, run none")
    options = parser.parse_args(arguments)
    chosen = [each for each in mutants() if options.only in (None, each.name)]
    if not chosen:
        parser.error(f"no mutant is named {options.only}")
    if options.list:
        print("\n".join(f"{each.row}  {each.file:<16} {each.name}" for each in chosen))
        return 0
    found = tests_of_rows()
    if not check_the_sound_copy(sorted({node for each in chosen for node in found[each.row]})):
        return 1
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        fine = list(pool.map(lambda each: _tell(each, found), chosen))
    print(f"{sum(fine)} of {len(fine)} mutants were killed")
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
