"""What a client must have in the end, and the comparison with what it has."""

from collections.abc import Iterable

from msgspec import Struct

Levels = list[tuple[float, float]]  # (price, size), best first


class Ladder(Struct, frozen=True):
    """One book."""

    sequence: int
    bids: Levels
    asks: Levels


Books = dict[str, Ladder]  # by symbol, BTC/USDT


def differences(truth: Books, books: Books) -> list[str]:
    """Name every way in which books are not the truth; nothing for equal ones."""
    return [line for symbol in sorted(truth.keys() | books.keys()) for line in _compare(symbol, truth, books)]


def _compare(symbol: str, truth: Books, books: Books) -> Iterable[str]:
    if symbol not in books:
        yield f"{symbol}: no book"
        return
    if symbol not in truth:
        yield f"{symbol}: a book that was never sent"
        return
    wanted, found = truth[symbol], books[symbol]
    if wanted.sequence != found.sequence:
        yield f"{symbol}: at id {found.sequence}, not {wanted.sequence}"
    for side in ("bids", "asks"):
        wrong = set(getattr(wanted, side)) ^ set(getattr(found, side))
        if wrong:
            yield f"{symbol}: {len(wrong)} {side} differ, the best at {max(wrong)[0]:g}"
        elif getattr(wanted, side) != getattr(found, side):
            yield f"{symbol}: {side} are out of order"
