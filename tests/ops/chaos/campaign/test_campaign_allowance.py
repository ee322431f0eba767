"""What a venue's own limits allow: the least time in which lines can come back."""

import pytest

from feedtree.ops.chaos.campaign.allowance import Allowance, allow, allowances_told, longest
from feedtree.ops.chaos.campaign.lines import Line, lines_of, scale_of
from feedtree.ops.chaos.campaign.observation import Observation

VENUES = ("gateio.spot", "mexc.spot")
SCALE = scale_of(1_000, VENUES)
THOUSAND = lines_of(SCALE)


def public(venue: str) -> list[Line]:
    return [line for line in THOUSAND if (line.venue, line.side) == (venue, "public")]


def seen(line: Line, at: float, **measures: float) -> Observation:
    return Observation(
        number=1,
        kind="away",
        line=str(line),
        venue=line.venue,
        side=line.side,
        variant=0,
        at=at,
        measures={"found": 0.0, **measures},  # type: ignore[dict-item]
    )


def test_a_thousand_symbols_need_more_streams_for_a_connection_carries_so_many() -> None:
    assert (scale_of(100, VENUES).streams, scale_of(100, VENUES).symbols) == (20, 5)
    assert (scale_of(281, VENUES).streams, scale_of(281, VENUES).symbols) == (20, 15)
    assert (scale_of(1_000, VENUES).streams, scale_of(1_000, VENUES).symbols) == (67, 15)
    carried = {symbol for line in public("mexc.spot") if not line.twofold for symbol in line.symbols}
    assert len(carried) >= 1_000


def test_books_by_rest_wait_for_their_share_of_the_venues_weight() -> None:
    """MEXC's budget is 150 books in ten seconds: ten lines of fifteen are free, the eleventh waits."""
    spent = Allowance("mexc.spot")
    taken = [spent.spend(line, 0.0) for line in public("mexc.spot")[:11]]
    assert taken == [*[0.0] * 10, 10.0]
    assert Allowance("mexc.spot").spend(public("mexc.spot")[0], 60.0) == 0.0


def test_books_on_the_socket_wait_for_an_attempt_alone() -> None:
    """Gate.io's budget is 20 attempts in a second."""
    spent = Allowance("gateio.spot")
    taken = [spent.spend(line, 5.0) for line in public("gateio.spot")[:41]]
    assert taken == [*[0.0] * 20, *[1.0] * 20, 2.0]


def test_a_hundred_symbols_come_back_as_fast_as_connections_do() -> None:
    assert longest(scale_of(100, VENUES)) == 1.0
    assert longest(SCALE) == 60.0  # 1,035 books, 150 in ten seconds


def test_an_observation_is_allowed_what_those_before_it_left() -> None:
    """From when it was lost, or from the fault's end where that is later: it could not come back before."""
    first, *rest = public("mexc.spot")[:12]
    late = seen(first, 2.0, live=15.0, after=8.0)  # its fault was over at 9.0
    others = [seen(line, 0.0, live=1.0, after=1.0) for line in rest]
    nothing = Observation(
        number=2, kind="hiccup", line=str(first), venue=first.venue, side=first.side, variant=0, at=0.0
    )
    allow([late, *others, nothing], SCALE)
    assert [each.allowed for each in others] == [*[0.0] * 10, 10.0]
    assert late.allowed == pytest.approx(1.0)  # the eleventh has spent what is free again at 10.0
    assert nothing.allowed == 0.0
    assert allowances_told([late, *others]) == [
        f"mexc.spot: its budgets alone take 10.0 s to bring {others[-1].line} back (fault 1, away);"
        " it took 1.0 s from the fault's end"
    ]
    assert allowances_told(others[:10]) == []
