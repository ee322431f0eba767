"""Makes a failing sequence of faults smaller: as few of them as still fail. Pure but for the trial that it is given."""

from collections.abc import Awaitable, Callable, Sequence

Trial = Callable[[Sequence[int]], Awaitable[bool]]


async def shrink(numbers: Sequence[int], fails: Trial, *, trials: int) -> list[int]:
    """Return some of the numbers that still fail, each of them needed as far as the trials go.

    Delta debugging: halves first, then ever smaller parts are left out.

    Args:
        numbers: of faults that fail together.
        fails: tries some of them; True where they still fail.
        trials: that are allowed.
    """
    kept, parts = list(numbers), 2
    while len(kept) > 1 and trials > 0:
        size = -(-len(kept) // parts)
        chunks = [kept[start : start + size] for start in range(0, len(kept), size)]
        for chunk in _candidates(kept, chunks):
            if trials == 0:
                return kept
            trials -= 1
            if await fails(chunk):
                kept, parts = chunk, max(2, parts - 1) if len(chunk) > size else 2
                break
        else:
            if size == 1:
                return kept
            parts = min(len(kept), parts * 2)
    return kept


def _candidates(kept: Sequence[int], chunks: Sequence[list[int]]) -> list[list[int]]:
    """Return the parts, then what is left without each; of two parts each is what is left without the other."""
    without = [[number for number in kept if number not in chunk] for chunk in chunks]
    return [*chunks, *(without if len(chunks) > 2 else [])]
