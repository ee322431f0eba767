"""The gate's tests in two processes at a time, one for each core: ``python tests/side_by_side.py``.

They are cut into chunks, longest first; whoever is done takes the next. Coverage of campaigns is not measured: that
would cost them most of their time. What a chunk prints comes when it is over. Exits with 1 where a test failed.
"""

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
    "integration": (*MEASURED, "tests/integration"),
    "ops": (*MEASURED, "tests/ops"),
    "campaigns": ("-m", "pytest", "-q", "-m", "campaign", *APART),
    "actors, supervisors, exchanges": (*MEASURED, "tests", *(f"--ignore={folder}" for folder in APART)),
}


def main() -> int:
    """Run them; return the exit code."""
    waiting = deque(CHUNKS.items())
    failed: list[str] = []
    workers = [threading.Thread(target=_work, args=(waiting, failed)) for _ in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failed:
        print(f"failed: {'; '.join(failed)}", flush=True)
    return int(bool(failed))


def _work(waiting: deque[tuple[str, Sequence[str]]], failed: list[str]) -> None:
    while True:
        try:
            name, arguments = waiting.popleft()
        except IndexError:
            return
        print(f"--- {name}: begins", flush=True)
        began = time.monotonic()
        done = subprocess.run((sys.executable, *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            failed.append(name)
        said = done.stdout.decode(errors="replace")
        print(f"--- {name}: {time.monotonic() - began:.0f} s\n{said}", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
