"""A topic that the venue refuses on one of two connections, or on both."""

from feedtree.exchanges.public.channels import Book
from feedtree.exchanges.public.codec import Refused, Seed
from feedtree.exchanges.public.records import TopicState
from tests.exchanges.public.two_connections import Bench, kinds, whole


def test_a_topic_is_refused_once_and_falls_back_on_both() -> None:
    """The venue's next way of serving it is asked for on both connections; while one has the topic nobody is told."""
    bench = Bench(Book(), Seed.SOCKET, Seed.REST)
    first = bench.record.wire
    assert bench.one.take(Refused((first,), "no")) == []
    assert bench.record.wire.seed is Seed.REST
    assert bench.two.slot.changed.is_set()
    assert bench.two.sync().seed is Seed.REST
    assert bench.two.take(Refused((first,), "no"), whole(10)) == [], "of the way that was given up"
    for line in (bench.one, bench.two):
        line.intake.asked([bench.record.wire])
        line.subscriptions.asked([bench.record.wire])
    assert kinds(bench.two.take(Refused((bench.record.wire,), "never"))) == ["SubscriptionRejected"]
    assert bench.one.take(Refused((bench.record.wire,), "never")) == []
    assert bench.record.status().reason == "never"


def test_a_refusal_of_one_connection_is_told_when_the_other_one_has_lost_the_topic() -> None:
    """Until then it is live, in its first way; it is asked for again by the connection that follows."""
    bench = Bench(Book(), Seed.SOCKET, Seed.REST)
    bench.one.take(whole(10))
    assert bench.two.take(Refused((bench.record.wire,), "no")) == []
    assert (bench.record.state, bench.record.wire.seed) == (TopicState.LIVE, Seed.SOCKET)
    assert kinds(bench.one.end()) == ["StreamLost"]
    assert bench.record.state is TopicState.REJECTED
    bench.two.end()
    bench.two.begin()
    assert bench.record.state is TopicState.SUBSCRIBING
