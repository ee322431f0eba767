"""Reading a recorded session: what the server sent, and what REST answered.

Source: the capture format of cryptofeed. ``PREFIX.ws.1.0`` has a line ``EPOCH: TEXT`` for everything that the server
sent; ``PREFIX.http.0.0`` (and ``PREFIX.0`` where there is one) a line ``URL -> EPOCH: BODY`` for every answer.
"""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec import Struct

Key = tuple[str, str]  # channel, and what names the stream in it: a pair, or ``1m_PAIR``
_BOOKS = "/spot/order_book"
_PAIRS = "/spot/currency_pairs"


class NoRecording(ValueError):
    """The files are missing or are no recording; the message says which."""


class Frame(Struct, frozen=True):
    """One frame of the server.

    Args:
        offset_s: seconds after its first frame.
        key: the stream that it belongs to.
        text: as it was sent.
        result: its content.
    """

    offset_s: float
    key: Key
    text: str
    result: dict[str, Any]


class _Envelope(Struct):
    channel: str = ""
    event: str = ""
    result: Any = None


class Recording:
    """A session in memory.

    Args:
        prefix: what the names of its files start with.

    Attributes:
        frames: the server's updates by stream, in order.
        books: REST books as they were answered, by pair.
        pairs: the REST list of pairs as it was answered; None where there is none.

    Raises:
        NoRecording: a file is missing or holds something else.
    """

    def __init__(self, prefix: Path) -> None:
        self.frames: dict[Key, list[Frame]] = {}
        self.books: dict[str, str] = {}
        self.pairs: str | None = None
        for frame in _frames(_lines(prefix, ".ws.1.0")):
            self.frames.setdefault(frame.key, []).append(frame)
        more = _lines(prefix, ".0") if prefix.with_name(prefix.name + ".0").exists() else []
        for url, body in _answers([*_lines(prefix, ".http.0.0"), *more]):
            self._keep(url, body)
        if not self.frames:
            raise NoRecording(f"{prefix}.ws.1.0 has no frame of a server")

    @property
    def symbols(self) -> list[str]:
        """The pairs that it has anything of, in Gate.io's spelling."""
        named = {
            name.split("_", 1)[1] if channel == "spot.candlesticks" else name for channel, name in self.frames
        }
        return sorted(named | set(self.books))

    def truth(self, pair: str, number: int | None) -> dict[str, object] | None:
        """Return a pair's book at an id, or the last one; None where no update ended at that id."""
        if pair not in self.books:
            return None
        book = msgspec.json.decode(self.books[pair])
        at: int = book["id"]
        sides = {
            side: {Decimal(price): [price, size] for price, size in book[side]} for side in ("bids", "asks")
        }
        for frame in self.frames.get(("spot.order_book_update", pair), []):
            if at == number:
                break
            if frame.result["u"] > at:
                at = frame.result["u"]
                _apply(sides["bids"], frame.result["b"])
                _apply(sides["asks"], frame.result["a"])
        if number not in (None, at):
            return None
        bids = [sides["bids"][price] for price in sorted(sides["bids"], reverse=True)]
        return {"id": at, "bids": bids, "asks": [sides["asks"][price] for price in sorted(sides["asks"])]}

    def _keep(self, url: str, body: str) -> None:
        parts = urlsplit(url)
        if parts.path.endswith(_PAIRS):
            self.pairs = body
        elif parts.path.endswith(_BOOKS):
            self.books[parse_qs(parts.query)["currency_pair"][0]] = body


def _apply(side: dict[Decimal, list[str]], levels: Iterable[list[str]]) -> None:
    for price, size in levels:
        if Decimal(size):
            side[Decimal(price)] = [price, size]
        else:
            side.pop(Decimal(price), None)


def _lines(prefix: Path, suffix: str) -> list[str]:
    path = prefix.with_name(prefix.name + suffix)
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NoRecording(f"{path}: {error}") from error


def _frames(lines: Iterable[str]) -> Iterable[Frame]:
    first_s: float | None = None
    for line in lines:
        epoch, _, text = line.partition(": ")
        if " " in epoch or not text:
            continue  # a line of the client, or the opening
        first_s = float(epoch) if first_s is None else first_s
        envelope = _envelope(line, text)
        if envelope.event == "update" and isinstance(envelope.result, dict):
            yield Frame(float(epoch) - first_s, _key(envelope), text, envelope.result)


def _envelope(line: str, text: str) -> _Envelope:
    try:
        return msgspec.json.decode(text, type=_Envelope)
    except msgspec.MsgspecError as error:
        raise NoRecording(f"not a frame of Gate.io: {line[:120]!r}: {error}") from error


def _key(envelope: _Envelope) -> Key:
    result = envelope.result
    return envelope.channel, result.get("s") or result.get("currency_pair") or result.get("n") or ""


def _answers(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        url, arrow, rest = line.partition(" -> ")
        if arrow:
            yield url, rest.partition(": ")[2]
