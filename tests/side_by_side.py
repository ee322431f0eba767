"""All tests in two processes at a time, one for each core: ``python tests/side_by_side.py [--deep]``.

They are cut into chunks, longest first; whoever is done takes the next. Coverage of campaigns (long runs of a whole
tree, or many) is not measured: that would cost them most of their time. What a chunk prints comes when it is over.
Exits with 1 where a test failed.

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

AT_ONCE = 2
MEASURED = ("-m", "coverage", "run", "-m", "pytest", "-q", "-m", "not slow and not campaign")
APART = ("tests/integration", "tests/ops")
CHUNKS = {
    "campaigns": ("-m", "pytest", "-q", "-m", "campaign", *APART),
    "integration": (*MEASURED, "tests/integration"),
    "ops, chaos": (*MEASURED, "tests/ops/chaos"),
    "ops": (*MEASURED, "tests/ops", "--ignore=tests/ops/chaos"),
    "actors, supervisors, exchanges": (*MEASURED, "tests", *(f"--ignore={folder}" for folder in APART)),
}
PLAIN = ("-m", "pytest", "-q")
ACCOUNTS = "tests/integration/test_campaign.py"
DEEP_CHUNKS = {
    "campaigns of accounts": (*PLAIN, ACCOUNTS),
    "actors, supervisors, exchanges": (*PLAIN, "tests", *(f"--ignore={folder}" for folder in APART)),
    "ops": (*PLAIN, "tests/ops"),
    "integration": (*PLAIN, "tests/integration", f"--ignore={ACCOUNTS}"),
}


def main(*, deep: bool) -> int:
    """Run them; return the exit code."""
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background job ignores it, and so would tests
    if deep:
        os.environ["HYPOTHESIS_PROFILE"] = "deep"
    waiting = deque((DEEP_CHUNKS if deep else CHUNKS).items())
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
        done = subprocess.run((sys.executable, *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            failed.append(name)
        said = done.stdout.decode(errors="replace").rstrip()
        _say(f"--- {name}: {time.monotonic() - began:.0f} s\n{said}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")  # at once, since the other worker may say something, too
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(deep=sys.argv[1:] == ["--deep"]))
