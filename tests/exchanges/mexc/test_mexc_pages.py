"""Every row of a stretch is found, whichever end the venue's pages are of; what cannot be found is told."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.mexc.pages import MOST_PAGES, Stretch, Sweep

Row = tuple[int, int]  # exact time, number
Venue = Callable[[Stretch], list[Row]]

SIZE = 10
WHOLE = Stretch(0, 60_000)


def venue(rows: list[Row], *, newest: bool, rounded: bool) -> Venue:
    """Answer as a venue would that pages from one end, and judges exact or rounded times."""

    def seen(row: Row) -> int:
        return row[0] // 1000 * 1000 if rounded else row[0]

    def answer(stretch: Stretch) -> list[Row]:
        inside = sorted((row for row in rows if stretch.first <= seen(row) <= stretch.last), reverse=newest)
        return inside[:SIZE]

    return answer


def swept(answer: Venue, *, shown: Callable[[Row], int] = lambda row: row[0]) -> tuple[Sweep[Row], int]:
    """Sweep, and count the pages."""
    sweep: Sweep[Row] = Sweep(WHOLE, SIZE, shown, lambda row: row[1])
    pages = 0
    while (stretch := sweep.wanted) is not None:
        sweep.take(answer(stretch))
        pages += 1
    return sweep, pages


times = st.lists(st.integers(0, 59_000), max_size=60)


@given(times, st.booleans(), st.sampled_from([(False, False), (True, False), (True, True)]))
def test_nothing_is_missed_without_a_word(
    moments: list[int], newest: bool, rounded: tuple[bool, bool]
) -> None:
    """Whatever end pages are of, and whatever is rounded (what is shown, or what is judged as well)."""
    rounded_rows, rounded_filter = rounded
    rows = [(moment, number) for number, moment in enumerate(moments)]
    shown = (lambda row: row[0] // 1000 * 1000) if rounded_rows else (lambda row: row[0])
    sweep, _ = swept(venue(rows, newest=newest, rounded=rounded_filter), shown=shown)
    found = sweep.rows()
    assert [shown(row) for row in found] == sorted(shown(row) for row in found)
    for row in set(rows) - set(found):
        asked = row[0] // 1000 * 1000 if rounded_filter else row[0]
        assert any(each.first <= asked <= each.last for each in sweep.left_open)


def test_a_page_that_is_not_full_is_all() -> None:
    """One call where there is little."""
    sweep, pages = swept(venue([(5, 0), (1, 1)], newest=True, rounded=False))
    assert (sweep.rows(), pages, sweep.left_open) == ([(1, 1), (5, 0)], 1, [])


def test_a_venue_that_begins_with_the_newest_is_asked_once_too_often() -> None:
    """The first full page is checked for anything newer; later ones are not."""
    rows = [(number * 1200, number) for number in range(45)]
    sweep, pages = swept(venue(rows, newest=True, rounded=False))
    assert sweep.rows() == rows
    assert pages == 6  # five pages of ten, which overlap by a row, and the check


def test_a_full_millisecond_is_left_open() -> None:
    """Nothing distinguishes the eleventh row from the ten that were told."""
    sweep, pages = swept(venue([(5000, number) for number in range(11)], newest=True, rounded=False))
    assert (len(sweep.rows()), pages) == (SIZE, 5)
    assert sweep.left_open == [Stretch(5000, 5000)]
    assert str(sweep.left_open[0]) == "5000 to 5000 ms"


def test_a_full_second_is_divided_where_the_venue_rounds_only_what_it_shows() -> None:
    """Its rows are found; where it also judges rounded times the second is left open after two more pages."""
    rows = [(5000 + 20 * number, number) for number in range(40)]
    sweep, _ = swept(venue(rows, newest=True, rounded=False), shown=lambda row: row[0] // 1000 * 1000)
    assert sorted(sweep.rows()) == rows
    assert not sweep.left_open
    sweep, pages = swept(venue(rows, newest=True, rounded=True), shown=lambda row: row[0] // 1000 * 1000)
    assert (len(sweep.rows()), pages) == (SIZE, 5)
    assert sweep.left_open == [Stretch(5000, 5000)]


@pytest.mark.parametrize("newest", [True, False])
def test_a_venue_that_does_not_mind_the_stretch_is_not_asked_for_ever(newest: bool) -> None:
    """After so many pages the rest is left open."""
    rows = [(number, number) for number in range(SIZE)]
    sweep, pages = swept(lambda stretch: rows[:: -1 if newest else 1])
    assert pages == MOST_PAGES
    assert sweep.left_open
    assert sweep.rows() == rows
