"""What a client is told, and how it tells what it gets: JSON lines on stdout. Python's own library alone.

Every line has the time at which the client's user had the datum, by `time.monotonic`, which all processes of a
machine share. Lines are gathered for a tenth of a second, so that telling costs little.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_GATHERED_S = 0.1

Levels = list[tuple[float, float]]  # (price, size), best first
Ladder = tuple[int, Levels, Levels]  # the venue's id, bids, asks


@dataclass(frozen=True)
class Task:
    """What a client is to do: keep the books of Gate.io spot and hear its trades until stdin ends.

    Args:
        ws_url: of the proxy.
        rest_url: of the other proxy, without a path.
        ca_file: whom to trust.
        symbols: ``BTC/USDT``.
    """

    ws_url: str
    rest_url: str
    ca_file: str
    symbols: list[str]


def task() -> Task:
    """Return the task that the command line says."""
    return Task(**json.loads(sys.argv[1]))


class Teller:
    """Tells, line by line; may be used from one thread.

    Args:
        version: the client's.
    """

    def __init__(self, version: str) -> None:
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._noticed = False
        self._tell(version=version)

    def book(self, symbol: str, number: int) -> None:
        """Tell that the user has a book with all up to an id of the venue's."""
        self._noticed = False
        self._tell(at=time.monotonic(), book=symbol, id=number)

    def trade(self, number: int) -> None:
        """Tell that the user has a trade."""
        self._noticed = False
        self._tell(at=time.monotonic(), trade=number)

    def noticed(self, what: str) -> None:
        """Tell that the user has been told of trouble with the stream; once until the next datum."""
        if not self._noticed:
            self._noticed = True
            self._tell(at=time.monotonic(), told=what)

    def serve(
        self, in_loop: Callable[[Callable[[], None]], object], books: Callable[[], dict[str, Ladder]]
    ) -> None:
        """Write what is told from now on; answer each line of stdin with the books; end the process with stdin.

        Args:
            in_loop: lets the client's event loop call something, from any thread.
            books: by symbol.
        """

        def answer() -> None:
            self._tell(books=books())

        threading.Thread(target=self._write, daemon=True).start()
        threading.Thread(target=_listen, args=(in_loop, answer), daemon=True).start()

    def _tell(self, **fields: Any) -> None:
        line = json.dumps(fields)
        with self._lock:
            self._lines.append(line)

    def _write(self) -> None:
        while True:
            with self._lock:
                lines, self._lines = self._lines, []
            data = "".join(f"{line}\n" for line in lines).encode()
            while data:
                data = data[os.write(1, data) :]
            time.sleep(_GATHERED_S)


def _listen(in_loop: Callable[[Callable[[], None]], object], answer: Callable[[], None]) -> None:
    for _ in sys.stdin:
        in_loop(answer)
    os._exit(0)
