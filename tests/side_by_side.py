"""All tests in three processes at a time, for two cores: ``python tests/side_by_side.py [--deep]``.

They are cut into chunks; whoever is done takes the next. Those that go by the real clock come first, and wait a lot;
the others, which compute under the virtual one, make room for them. What a chunk covers goes to a file of its own,
``.coverage-0.json`` and so on: the branches that it saw are patched out as it goes, so that it costs next to nothing.
What a chunk prints comes when it is over. Exits with 1 where a test failed.

``--deep`` runs them without coverage, with the slow ones and with more examples (the profile ``deep`` of Hypothesis).
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence

AT_ONCE = 3
MAKE_ROOM = ("nice", "-n", "10")
MEASURED = (
    sys.executable,
    "-W",
    "ignore::RuntimeWarning:slipcover.importer",
    "-m",
    "slipcover",
    "--out",
    ".coverage-{}.json",
    "-m",
    "pytest",
    "-q",
    "-m",
)
QUICK, CAMPAIGNS = (*MEASURED, "not slow and not campaign"), (*MEASURED, "not slow and campaign")
APART = ("tests/integration", "tests/ops")
UNITS = ("tests", *(f"--ignore={folder}" for folder in APART))
ACCOUNTS = "tests/integration/test_campaign.py"
CHUNKS = {
    "ops": (*QUICK, "tests/ops", "--ignore=tests/ops/chaos"),
    "ops, chaos": (*QUICK, "tests/ops/chaos"),
    "campaigns": (*MAKE_ROOM, *CAMPAIGNS, *APART, f"--ignore={ACCOUNTS}"),
    "campaigns of accounts": (*MAKE_ROOM, *CAMPAIGNS, ACCOUNTS),
    "integration": (*MAKE_ROOM, *QUICK, "tests/integration"),
    "actors, supervisors, exchanges": (*MAKE_ROOM, *QUICK, *UNITS),
}
PLAIN = (sys.executable, "-m", "pytest", "-q")
DEEP_CHUNKS = {
    "ops": (*PLAIN, "tests/ops"),
    "campaigns of accounts": (*MAKE_ROOM, *PLAIN, ACCOUNTS),
    "actors, supervisors, exchanges": (*MAKE_ROOM, *PLAIN, *UNITS),
    "integration": (*MAKE_ROOM, *PLAIN, "tests/integration", f"--ignore={ACCOUNTS}"),
}


def main(*, deep: bool) -> int:
    """Run them; return the exit code."""
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background job ignores it, and so would tests
    if deep:
        os.environ["HYPOTHESIS_PROFILE"] = "deep"
    waiting = deque(
        (name, [argument.format(number) for argument in arguments])
        for number, (name, arguments) in enumerate((DEEP_CHUNKS if deep else CHUNKS).items())
    )
    failed: list[str] = []
    workers = [threading.Thread(target=_work, args=(waiting, failed)) for _ in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failed:
        _say(f"failed: {'; '.join(failed)}")
    return int(bool(failed))


def _work(waiting: deque[tuple[str, Sequence[str]]], failed: list[str]) -> None:
    while True:
        try:
            name, arguments = waiting.popleft()
        except IndexError:
            return
        _say(f"--- {name}: begins")
        began = time.monotonic()
        done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            failed.append(name)
        said = done.stdout.decode(errors="replace").rstrip()
        _say(f"--- {name}: {time.monotonic() - began:.0f} s\n{said}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")  # at once, since the other worker may say something, too
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(deep=sys.argv[1:] == ["--deep"]))
