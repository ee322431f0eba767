"""The splitter's shares and caps."""

from collections.abc import Callable

import pytest

from feedtree.exchanges.errors import FrameTooLarge
from feedtree.exchanges.wire.frames import BURST, FrameSplitter

Speller = Callable[..., bytes]


def test_a_burst_has_a_largest_size(frame: Speller) -> None:
    """Many small messages of one read come in shares, so that other tasks get their turn; none is lost."""
    splitter = FrameSplitter(1_000)
    got = splitter.feed(b"".join(frame(0x82, n.to_bytes(2, "big")) for n in range(600)) + b"\x82")
    shares = [len(got)]
    while splitter.more:
        share = splitter.feed(b"")
        shares.append(len(share))
        got += share
    assert shares == [BURST, BURST, 600 - 2 * BURST]
    got += splitter.feed(b"\x00")
    assert got == [*(n.to_bytes(2, "big") for n in range(600)), b""]


def test_frames_that_cost_more_come_in_smaller_shares(frame: Speller) -> None:
    """A flood of pings or fragments does not hold the reader for long; of the pings the newest are kept."""
    splitter = FrameSplitter(1_000)
    splitter.feed(b"".join(frame(0x89, str(n)) for n in range(1_000)))
    feeds = 1
    while splitter.more:
        splitter.feed(b"")
        feeds += 1
    assert feeds > 30
    assert splitter.pings[-1] == b"999"
    assert len(splitter.pings) <= 32


@pytest.mark.parametrize("kind", [0x81, 0x82])
@pytest.mark.parametrize("cap", [125, 126, 65_535, 65_536])
def test_cap_is_exact(frame: Speller, kind: int, cap: int) -> None:
    """A message of the cap's size passes, one byte more does not, also before it has come."""
    splitter = FrameSplitter(cap)
    assert len(splitter.feed(frame(kind, b"x" * cap))) == 1
    over = frame(kind, b"x" * (cap + 1))
    assert splitter.feed(over[:14]) == []
    assert isinstance(splitter.fault, FrameTooLarge)
    assert splitter.fault.size == cap + 1
    assert splitter.close_code == 1009
    assert splitter.feed(over[14:]) == []


def test_cap_counts_a_fragmented_message_whole(frame: Speller) -> None:
    """Fragments add up, and a new message starts from nothing."""
    splitter = FrameSplitter(200)
    for _ in range(3):
        assert splitter.feed(frame(0x01, "é" * 50) + frame(0x00) + frame(0x80, "é" * 50)) == ["é" * 100]
    splitter.feed(frame(0x02, bytes(150)) + frame(0x00, bytes(51)))
    assert isinstance(splitter.fault, FrameTooLarge)


def test_long_frame_that_comes_in_pieces(frame: Speller) -> None:
    """A big message over many reads comes out whole, and what follows it too."""
    splitter = FrameSplitter(2**22)
    stream = frame(0x81, "é" * 500_000) + frame(0x82, b"after")
    got = []
    for at in range(0, len(stream), 65_536):
        got += splitter.feed(stream[at : at + 65_536])
    assert got == ["é" * 500_000, b"after"]
