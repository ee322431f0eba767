"""What effects do to bytes does not depend on how these were cut into reads, and is just what they say."""

from collections.abc import Callable
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from feedtree.ops.chaos import effects
from feedtree.ops.chaos.effects import Effect, Ending, Places

CHUNKS = st.lists(st.binary(min_size=1, max_size=12), max_size=12)
NUMBERS = {"after": st.integers(0, 30), "length": st.integers(1, 6), "every": st.integers(0, 8)}

Make = Callable[[Places, Random], Effect]
MAKERS: dict[str, Make] = {
    "drop": lambda places, _: effects.Drop(places),
    "duplicate": lambda places, _: effects.Duplicate(places),
    "corrupt": effects.Corrupt,
}


def through(effect: Effect, chunks: list[bytes]) -> bytes:
    return b"".join(piece for chunk in chunks for piece in effect.change(chunk) if isinstance(piece, bytes))


def made(name: str, after: int, length: int, every: int) -> tuple[Effect, list[int]]:
    rng, starts = Random(7), []
    return MAKERS[name](Places(after, length, every, rng, starts.append), rng), starts


@given(chunks=CHUNKS, name=st.sampled_from(list(MAKERS)), **NUMBERS)
def test_the_result_is_that_of_one_read(
    chunks: list[bytes], name: str, after: int, length: int, every: int
) -> None:
    """Any chunking gives the same bytes and the same places."""
    pieces, starts = made(name, after, length, every)
    whole, whole_starts = made(name, after, length, every)
    data = b"".join(chunks)
    assert through(pieces, chunks) == (through(whole, [data]) if data else b"")
    assert starts == whole_starts


@given(data=st.binary(min_size=1, max_size=80), **NUMBERS)
def test_each_place_is_dropped_doubled_or_changed(data: bytes, after: int, length: int, every: int) -> None:
    """Outside of the reported places nothing changes, and inside just what the fault is called."""
    for name in MAKERS:
        effect, starts = made(name, after, length, every)
        result = through(effect, [data])
        expected, at = b"", 0
        for start in starts:
            run = data[start : start + length]
            expected += data[at:start]
            at = start + len(run)
            if name == "corrupt":
                got = result[len(expected) : len(expected) + len(run)]
                assert len(got) == len(run)
                assert all(one != other for one, other in zip(got, run, strict=True))
                expected += got
            elif name == "duplicate":
                expected += run * 2 if len(run) == length else run
        assert result == expected + data[at:]
        assert (starts[:1] == [after]) == (after < len(data))
        assert every or len(starts) <= 1
        assert all(length < second - first <= length + 2 * every - 1 for first, second in pairwise(starts))


@given(chunks=CHUNKS, after=NUMBERS["after"])
def test_a_read_is_cut_short_once(chunks: list[bytes], after: int) -> None:
    """The rest of the read that holds the place is missing, and nothing else."""
    starts: list[int] = []
    result = through(effects.Truncate(Places(after, 1, 0, Random(1), starts.append)), chunks)
    expected, seen = b"", 0
    for chunk in chunks:
        holds = seen <= after < seen + len(chunk)
        expected += chunk[: after - seen] if holds else chunk
        seen += len(chunk)
    assert result == expected
    assert starts == ([after] if after < seen else [])


def test_reads_are_cut_short_again_and_again() -> None:
    """Distances count what was left out, too."""
    starts: list[int] = []
    effect = effects.Truncate(Places(5, 1, 1, Random(1), starts.append))
    assert through(effect, [b"0123456789", b"abc", b"de"]) == b"01234ad"
    assert starts == [5, 11, 14]


@given(chunks=CHUNKS, after=st.integers(1, 40))
def test_a_cut_stands_behind_its_byte(chunks: list[bytes], after: int) -> None:
    """Exactly so many bytes come before it; it comes once, and as soon as they have passed."""
    told: list[int] = []
    effect = effects.Cut(after, Ending.CLOSE, told.append)
    before = total = 0
    endings = 0
    for chunk in chunks:
        for piece in effect.change(chunk):
            if isinstance(piece, Ending):
                endings += 1
                assert before == after
            else:
                assert piece
                total += len(piece)
                before += 0 if endings else len(piece)
    assert total == sum(map(len, chunks))
    assert endings == (after <= total)
    assert told == [after] * endings
