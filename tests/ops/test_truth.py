"""Books against the truth: what equals, what differs, and to which depth that is asked."""

import pytest

from feedtree.exchanges.public.messages import BookState, BookView
from feedtree.ops.sim_control import TrueBook
from feedtree.ops.truth import difference

BIDS = ((10.0, 1.0), (9.0, 2.0), (8.0, 3.0))
ASKS = ((11.0, 1.0), (12.0, 2.0), (13.0, 3.0))


def view(
    bids: tuple[tuple[float, float], ...] = BIDS,
    asks: tuple[tuple[float, float], ...] = ASKS,
    true_depth: int = 400,
) -> BookView:
    return BookView(BookState.LIVE, 7, bids, asks, true_depth, 0, 0)


def test_equal_books_have_no_difference() -> None:
    """Levels that agree in price and size are equal."""
    assert difference(view(), TrueBook(7, list(BIDS), list(ASKS))) == ""
    assert difference(view((), ()), TrueBook(7, [], [])) == ""


@pytest.mark.parametrize(
    ("bids", "asks", "words"),
    [
        (((10.0, 1.5), *BIDS[1:]), ASKS, "bids[0]"),
        (BIDS[:2], ASKS, "bids[2]"),
        ((*BIDS, (7.0, 1.0)), ASKS, "bids[3]"),
        (BIDS, ((11.5, 1.0), *ASKS), "asks[0]"),
    ],
)
def test_the_first_difference_is_named(
    bids: tuple[tuple[float, float], ...], asks: tuple[tuple[float, float], ...], words: str
) -> None:
    """A wrong size, an absent level and a level too many are found and placed."""
    assert words in difference(view(bids, asks), TrueBook(7, list(BIDS), list(ASKS)))


def test_only_the_true_depth_is_compared() -> None:
    """Below the depth to which the venue keeps us informed a book may differ."""
    stale = (*BIDS[:2], (7.5, 9.0))
    truth = TrueBook(7, list(BIDS), list(ASKS))
    assert difference(view(stale, true_depth=2), truth) == ""
    assert difference(view(stale, true_depth=3), truth) != ""
    assert difference(view(stale), truth, depth=2) == ""


def test_another_id_is_a_difference() -> None:
    """An answer for another id is never taken for the truth."""
    assert "got 8" in difference(view(), TrueBook(8, list(BIDS), list(ASKS)))
