"""What was asked of the venue, and what it still owes."""

from math import inf

from feedtree.exchanges.public.channels import Book, Topic, Trades
from feedtree.exchanges.public.codec import Seed, WireTopic
from feedtree.exchanges.public.subscriptions import ANSWER_WITHIN, IN_TURN, SNAPSHOT_WITHIN, Subscriptions
from feedtree.exchanges.symbols import Symbol


def wire(base: str, seed: Seed = Seed.NONE, key: str = "") -> WireTopic:
    channel = Trades() if seed is Seed.NONE else Book()
    return WireTopic(Topic("v", Symbol(base, "USDT"), channel), key or base, "c", (base,), seed)


def test_the_difference_drops_what_is_unwanted_and_adds_what_is_missing() -> None:
    """Only the difference between asked and desired goes out; another way of serving a topic replaces the first."""
    subscriptions = Subscriptions()
    a, b, c = wire("A"), wire("B"), wire("C")
    assert subscriptions.difference([a, b]) == ([], [a, b])
    subscriptions.asked([a, b])
    assert subscriptions.difference([a, b]) == ([], [])
    assert subscriptions.difference([b, c]) == ([a], [c])
    other = wire("B", key="other")
    assert subscriptions.difference([a, other]) == ([b], [other])
    subscriptions.dropped([a, b])
    assert subscriptions.difference([]) == ([], [])


def test_deadlines_begin_when_a_request_is_sent_and_end_with_its_answer() -> None:
    """A request that waits for the pacer is not overdue; an answer or a first push closes it."""
    subscriptions = Subscriptions()
    a = wire("A")
    subscriptions.asked([a])
    assert subscriptions.deadline() == inf
    subscriptions.sent([a], 10.0)
    subscriptions.sent([wire("Z")], 10.0)
    assert subscriptions.deadline() == 10.0 + ANSWER_WITHIN
    assert subscriptions.awaits(a.topic)
    assert subscriptions.confirmed(a, 10.5, seeded=False)
    assert not subscriptions.confirmed(a, 10.6, seeded=False)
    assert subscriptions.deadline() == inf
    assert subscriptions.answered


def test_an_unanswered_topic_is_asked_for_once_more_and_then_given_up() -> None:
    """One unanswered topic among answered ones is its own trouble: twice unanswered is refused."""
    subscriptions = Subscriptions()
    a = wire("A")
    subscriptions.asked([a])
    subscriptions.sent([a], 0.0)
    assert subscriptions.unanswered(1.0) == ([], [])
    assert subscriptions.unanswered(2.0) == ([a], [])
    subscriptions.asked([a])
    subscriptions.sent([a], 2.0)
    assert subscriptions.unanswered(4.0) == ([], [a])


def test_a_channel_that_pushes_its_book_owes_it_after_the_answer() -> None:
    """A topic that is acknowledged and stays silent is found by the missing snapshot."""
    subscriptions = Subscriptions()
    book = wire("A", Seed.SOCKET)
    subscriptions.asked([book])
    subscriptions.sent([book], 0.0)
    subscriptions.confirmed(book, 1.0, seeded=False)
    assert subscriptions.deadline() == 1.0 + SNAPSHOT_WITHIN
    assert subscriptions.unseeded(2.9) == []
    assert subscriptions.unseeded(3.0) == [book]
    subscriptions.seeded(book.topic, 3.0)
    assert subscriptions.unseeded(9.0) == []
    early = wire("B", Seed.SOCKET)
    subscriptions.asked([early])
    subscriptions.confirmed(early, 1.0, seeded=True)
    assert subscriptions.deadline() == inf


def test_nothing_is_overdue_while_the_venue_works_off_what_it_owes() -> None:
    """Who waits behind a thousand whole books is not overdue; but no longer than ten seconds more."""
    subscriptions = Subscriptions()
    books = [wire(f"S{number}", Seed.SOCKET) for number in range(8)]
    subscriptions.asked(books)
    subscriptions.sent(books, 0.0)
    assert subscriptions.open
    for number, book in enumerate(books[:6]):
        subscriptions.confirmed(book, 1.5 * number, seeded=False)
        subscriptions.seeded(book.topic, 1.5 * number + 1.0)
        assert subscriptions.unanswered(1.5 * number + 1.4) == ([], [])
    assert subscriptions.deadline() == 8.5 + ANSWER_WITHIN
    assert subscriptions.unanswered(10.5) == (books[6:], [])
    subscriptions.dropped(books[6:])
    late = wire("LATE", Seed.SOCKET)
    subscriptions.asked([late])
    subscriptions.confirmed(late, 20.0, seeded=False)
    for second in range(21, 40):
        other = wire(f"O{second}", Seed.SOCKET)
        subscriptions.asked([other])
        subscriptions.confirmed(other, float(second), seeded=True)
    assert subscriptions.deadline() == 20.0 + SNAPSHOT_WITHIN + IN_TURN
    assert subscriptions.unseeded(31.9) == []
    assert subscriptions.unseeded(32.0) == [late]
    subscriptions.seeded(late.topic, 33.0)
    assert not subscriptions.open
