"""Silence that was the market's own, and what is learned from it."""

from feedtree.exchanges.public.channels import Book, Topic
from feedtree.exchanges.public.false_alarms import DOUBLINGS, HOLDS, FalseAlarms
from feedtree.exchanges.symbols import Symbol

TOPICS = [Topic("mexc.spot", Symbol(f"C{number}", "USDT"), Book()) for number in range(8)]


def raised(*books: int) -> FalseAlarms:
    """An alarm while books stood at these ids."""
    alarms = FalseAlarms()
    alarms.raised(zip(TOPICS, books, strict=False))
    return alarms


def test_where_no_book_has_moved_the_alarm_was_false() -> None:
    alarms = raised(10, 20)
    assert alarms.open
    alarms.heard(TOPICS[0], 11)  # the push that follows
    alarms.heard(TOPICS[1], 5)  # a snapshot that is older than the book, or a repeat
    assert alarms.judged(100.0)
    assert not alarms.open
    assert alarms.patience(100.0) == 2.0


def test_where_books_have_moved_the_venue_was_silent() -> None:
    """Of few books one is enough; the first id of each counts alone."""
    alarms = raised(10, 20)
    alarms.heard(TOPICS[0], 12)
    alarms.heard(TOPICS[0], 11)
    alarms.heard(TOPICS[1], 21)
    assert not alarms.judged(100.0)
    assert alarms.patience(100.0) == 1.0


def test_of_many_books_a_fourth_may_have_moved_since() -> None:
    """The market goes on while the connection comes back."""
    for moved, false in ((2, True), (3, False)):
        alarms = raised(*[10] * 8)
        for number, topic in enumerate(TOPICS):
            alarms.heard(topic, 12 if number < moved else 11)
        assert alarms.judged(100.0) is false


def test_nothing_is_learned_where_a_book_did_not_come_back_or_there_are_none() -> None:
    alarms = raised(10, 20)
    alarms.heard(TOPICS[0], 11)
    assert not alarms.judged(100.0)
    assert not raised().open


def test_a_book_that_came_later_says_nothing() -> None:
    alarms = raised(10)
    alarms.heard(TOPICS[5], 99)
    alarms.heard(TOPICS[0], 11)
    assert alarms.judged(100.0)


def test_patience_doubles_to_a_bound_and_is_over_after_an_hour() -> None:
    alarms = FalseAlarms()
    for number in range(DOUBLINGS + 2):
        alarms.raised([(TOPICS[0], 10)])
        alarms.heard(TOPICS[0], 11)
        alarms.judged(float(number))
    assert alarms.patience(10.0) == 2.0**DOUBLINGS
    assert alarms.patience(HOLDS + 3.0) == 2.0
    assert alarms.patience(HOLDS + 4.0) == 1.0
