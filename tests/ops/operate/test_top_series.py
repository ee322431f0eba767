"""The rates of the last minutes, and their bars."""

import pytest

from feedtree.ops.operate.top.series import Series, bars

ONE, TWO, MINE = "public/a/shard-1", "public/a/shard-2", "private/b/main"


def taken(*samples: dict[str, float] | None, kept: int = 8) -> Series:
    series = Series(kept)
    for sample in samples:
        if sample is None:
            series.skip()
        else:
            series.add(sample)
    return series


def test_branches_are_the_sums_of_their_streams() -> None:
    """The root's, a side's, a venue's; a part of a stream has the stream's."""
    series = taken({ONE: 1.0, TWO: 2.0, MINE: 4.0})
    paths = ("", "public", "public/a", ONE, f"{ONE}/a", "private", "ops/inspect")
    assert [list(series.of(path)) for path in paths] == [[7.0], [3.0], [3.0], [1.0], [1.0], [4.0], [7.0]]


def test_a_stream_that_is_gone_is_forgotten() -> None:
    """What the tree does not have any more takes no memory."""
    series = taken({ONE: 1.0, TWO: 2.0}, {ONE: 1.0})
    assert list(series.of("public/a")) == [3.0, 1.0]
    assert list(series.of(TWO)) == [3.0, 1.0]  # of the nearest branch above it that is there


def test_only_the_last_samples_are_kept() -> None:
    """The memory of a screen that runs for days is bounded."""
    series = taken(*({ONE: float(number)} for number in range(20)), kept=4)
    assert list(series.of(ONE)) == [16.0, 17.0, 18.0, 19.0]


def test_nothing_is_known_of_a_pause() -> None:
    """A hole is left, and the last sample is not known while it lasts."""
    series = taken({ONE: 1.0}, None)
    assert series.last(ONE) is None
    assert series.binned(ONE, 8)[-2:] == [1.0, None]
    series.add({ONE: 3.0})
    assert series.last(ONE) == 3.0
    assert series.binned(ONE, 8)[-3:] == [1.0, None, 3.0]
    assert Series().last("") is None


def test_bins_are_means_and_keep_their_samples() -> None:
    """Time moves bars to the left; it does not make them flicker."""
    series = taken(*({ONE: float(number)} for number in range(6)))
    assert series.binned(ONE, 4) == [None, 0.5, 2.5, 4.5]
    series.add({ONE: 6.0})
    assert series.binned(ONE, 4) == [0.5, 2.5, 4.5, 6.0]
    series.add({ONE: 8.0})
    assert series.binned(ONE, 4) == [0.5, 2.5, 4.5, 7.0]
    series.add({ONE: 9.0})
    assert series.binned(ONE, 4) == [2.5, 4.5, 7.0, 9.0]


@pytest.mark.parametrize("width", [1, 3, 100])
def test_any_width(width: int) -> None:
    """A narrow pane shows all of it in less detail, a wide one has room left."""
    series = taken(*({ONE: 2.0} for _ in range(8)))
    binned = series.binned(ONE, width)
    assert len(binned) == width
    assert binned[-1] == 2.0


def test_bars_stand_on_zero() -> None:
    """The greatest fills the height, half of it fills half; what is little is seen, what is not known is not."""
    assert bars([0.0, 4.0, 2.0, None, 0.01], 2) == [" █   ", "▁██ ▁"]
    assert bars([8.0, 1.0, 3.0], 1) == ["█▁▃"]
    assert bars([0.0, 0.0], 1) == ["▁▁"]
    assert bars([None], 1) == [" "]
    assert bars([], 2) == ["", ""]
