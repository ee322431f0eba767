"""What one fault did to one client, found in what the proxy saw and what the client told."""

import json
from typing import Any

import pytest

from feedtree.ops.chaos.peers.diary import TRADES, Datum, Diary
from feedtree.ops.chaos.peers.findings import (
    Trial,
    detection,
    difference,
    grouped,
    losses,
    recovery,
    summary,
    told,
)
from feedtree.ops.chaos.sightings import Sighting, What
from feedtree.ops.sim_control import TrueBook

BOOK = "BTC/USDT"
TRUTH = TrueBook(7, [(9.0, 1.0), (8.0, 2.0)], [(10.0, 1.0), (11.0, 2.0)])


def seen(*what: tuple[float, What]) -> list[Sighting]:
    return [Sighting(at, number, each) for number, (at, each) in enumerate(what)]


def fed(*lines: dict[str, Any]) -> Diary:
    diary = Diary()
    diary.feed("".join(f"{json.dumps(line)}\n" for line in lines).encode())
    return diary


def trial(detected: float | None = 1.0, recovered: float | None = 2.0, **others: Any) -> Trial:
    values: dict[str, Any] = {
        "client": "one",
        "ordeal": "close",
        "detected": detected,
        "recovered": recovered,
    }
    return Trial(**(values | others))


def test_who_leaves_or_dials_anew_has_found_out() -> None:
    """Whichever is first, but nothing that was before the fault."""
    assert detection(seen((1.0, "dialled"), (5.5, "left"), (6.0, "dialled")), began=5.0) == 5.5
    assert detection(seen((1.0, "dialled"), (6.0, "dialled"), (7.0, "left")), began=5.0) == 6.0
    assert detection(seen((1.0, "dialled"), (2.0, "left")), began=5.0) is None


@pytest.mark.parametrize(
    ("sightings", "data", "back"),
    [
        (seen((5.1, "left"), (5.2, "dialled")), [Datum(5.3, BOOK, 11)], 5.3),
        # what the old connection still had in its buffers comes before the new dial
        (seen((5.1, "left"), (5.2, "dialled")), [Datum(5.15, BOOK, 11), Datum(5.4, BOOK, 12)], 5.4),
        # a snapshot may be older than what the user has, and so may what is sent twice
        (seen((5.2, "dialled")), [Datum(5.3, BOOK, 10), Datum(5.5, BOOK, 11)], 5.5),
        # a stream that had nothing before
        (seen((5.2, "dialled")), [Datum(5.3, TRADES, 1)], 5.3),
        # without a new dial nothing is a return: a server that falls silent may go on
        (seen((5.1, "left")), [Datum(5.3, BOOK, 11)], None),
        (seen((4.0, "dialled")), [Datum(5.3, BOOK, 11)], None),
        (seen((5.2, "dialled")), [], None),
    ],
)
def test_the_first_fresh_datum_of_a_new_connection_is_the_return(
    sightings: list[Sighting], data: list[Datum], back: float | None
) -> None:
    """Newer by the venue's id than all that came before it."""
    assert recovery(sightings, data, {BOOK: 10}, began=5.0) == back


def test_what_a_user_is_told_counts_while_the_fault_lasts() -> None:
    """A reset at its end is no word about it."""
    diary = fed({"at": 3.0, "told": "StreamLost"}, {"at": 9.0, "told": "reset"})
    assert told(diary, until=5.0) == "StreamLost"
    assert told(diary, until=2.0) == ""


def test_lines_may_come_in_any_pieces() -> None:
    """A pipe knows no lines."""
    text = b"".join(
        json.dumps(line).encode() + b"\n"
        for line in (
            {"version": "one 1.0"},
            {"at": 1.0, "book": BOOK, "id": 5},
            {"at": 1.5, "trade": 3},
            {"at": 2.0, "told": "lost"},
            {"books": {BOOK: [5, [[9.0, 1.0]], [[10.0, 1.0]]]}},
        )
    )
    diary = Diary()
    for number in range(len(text)):
        diary.feed(text[number : number + 1])
    assert diary.version == "one 1.0"
    assert diary.since == [Datum(1.0, BOOK, 5), Datum(1.5, TRADES, 3)]
    assert diary.last == {BOOK: 5, TRADES: 3}
    assert diary.heard_at == 1.5
    assert diary.told == [(2.0, "lost")]
    assert diary.books == {BOOK: (5, [(9.0, 1.0)], [(10.0, 1.0)])}


def test_ids_that_never_came_are_lost() -> None:
    """From the last trade before the fault to those of a second after the return; order does not matter."""
    diary = fed({"at": 1.0, "trade": 10}, {"at": 1.1, "trade": 12}, {"at": 1.2, "trade": 11})
    diary.mark()
    assert diary.before == {TRADES: 12}
    assert diary.since == []
    diary.feed(
        b"".join(
            json.dumps(line).encode() + b"\n"
            for line in (
                {"at": 7.0, "trade": 17},
                {"at": 7.1, "trade": 15},
                {"at": 7.2, "book": BOOK, "id": 99},
                {"at": 9.0, "trade": 30},
            )
        )
    )
    assert losses(diary, back=6.5) == 3  # 13, 14 and 16
    assert losses(diary, back=8.5) == 15  # and those up to 29


def test_without_trades_before_or_after_nothing_is_known_to_be_lost() -> None:
    """A client that never had one, or has none yet."""
    assert losses(fed({"at": 1.0, "trade": 10}), back=1.0) == 0
    diary = fed({"at": 1.0, "trade": 10})
    diary.mark()
    assert losses(diary, back=1.0) == 0


@pytest.mark.parametrize(
    ("bids", "asks", "found"),
    [
        ([(9.0, 1.0), (8.0, 2.0)], [(10.0, 1.0), (11.0, 2.0)], ""),
        ([(9.0, 1.0)], [(10.0, 1.0)], ""),
        ([(9.0, 1.0)], [(10.0, 3.0)], "asks[0] at id 7 is (10.0, 3.0), should be (10.0, 1.0)"),
        ([(9.0, 1.0), (7.0, 1.0)], [(10.0, 1.0)], "bids[1] at id 7 is (7.0, 1.0), should be (8.0, 2.0)"),
        ([], [(10.0, 1.0)], "no bids"),
    ],
)
def test_a_book_is_compared_level_by_level(
    bids: list[tuple[float, float]], asks: list[tuple[float, float]], found: str
) -> None:
    """To the depth that the client holds."""
    assert difference(7, [bids, asks], TRUTH) == found


def test_a_book_that_the_exchange_never_had_is_wrong() -> None:
    """Its id says so."""
    assert difference(8, [[], []], None) == "the exchange has no book 8"


def test_a_median_is_never_where_half_is() -> None:
    """Never is later than any time; the slowest is never where one is."""
    found = summary(
        [trial(1.0, 5.0, lost=4, told="lost"), trial(2.0, None, lost=6), trial(3.0, 7.0, disturbed=True)]
    )
    assert (found.trials, found.detected, found.recovered, found.slowest) == (3, 2.0, 7.0, None)
    assert (found.lost, found.told, found.disturbed) == (4, 1, 1)
    assert summary([trial(1.0, 2.0), trial(None, None)]).recovered is None
    assert summary([trial(1.0, 2.0), trial(3.0, 5.0)]).recovered == 3.5


def test_trials_are_summed_up_by_client_and_fault() -> None:
    """Each cell of the table has its own."""
    found = grouped([trial(), trial(ordeal="reset"), trial(client="two"), trial(recovered=4.0)])
    assert {key: each.trials for key, each in found.items()} == {
        ("one", "close"): 2,
        ("one", "reset"): 1,
        ("two", "close"): 1,
    }
