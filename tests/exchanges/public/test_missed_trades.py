"""Trades that were missed: which of what REST tells is new, when REST is up to date, what live trades go through."""

from feedtree.exchanges.public.channels import Topic, Trades
from feedtree.exchanges.public.holes import REST_LAG, WATCHED, Hole
from feedtree.exchanges.public.messages import Trade
from feedtree.exchanges.public.missed_trades import MissedTrades
from feedtree.exchanges.public.shard import Shard
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

NS = 1_000_000_000
TOPIC = Topic("v", Symbol("BTC", "USDT"), Trades())


def trade(number: int, at_s: float = 50.0) -> Trade:
    return Trade(TOPIC, int(at_s * NS), None, 0, str(number), Side.BUY, 1.0, 1.0)


def ids(trades: list[Trade]) -> list[int]:
    return [int(each.id) for each in trades]


def hole(after: int | None = 10) -> Hole:
    return Hole(None if after is None else trade(after), 40 * NS, 60 * NS, 60.0)


def test_missed_are_the_trades_between_the_last_told_and_the_first_live() -> None:
    """In order of id, whatever the order in which REST gives them; and once."""
    one = hole()
    assert one.live(trade(15))
    rows = [trade(number) for number in (16, 15, 14, 12, 13, 11, 10, 9)]
    assert ids(one.fetched(rows)) == [11, 12, 13, 14]
    assert one.fetched(rows) == []
    assert one.live(trade(16))


def test_a_live_trade_that_rest_told_first_does_not_come_twice() -> None:
    """REST may be ahead of the socket."""
    one = hole()
    assert ids(one.fetched([trade(12), trade(11)])) == [11, 12]
    assert [one.live(trade(number)) for number in (11, 12, 13, 14)] == [False, False, True, True]
    assert ids(one.fetched([trade(14), trade(13), trade(12)])) == []


def test_a_trade_that_was_told_before_the_loss_is_none_of_what_follows() -> None:
    """A venue that sends the last one again on the new connection."""
    one = hole()
    assert not one.live(trade(10))
    assert one.first is None


def test_rest_is_up_to_date_where_it_holds_a_live_trade() -> None:
    """Whoever asks a moment after the loss may hear of nothing yet."""
    one = hole()
    one.live(trade(15))
    assert not one.covered([trade(14), trade(13)], 100.0)
    assert one.covered([trade(15), trade(14)], 60.0)


def test_without_a_live_trade_rest_is_asked_when_it_must_have_caught_up() -> None:
    """A quiet market gives no other evidence."""
    one = hole()
    assert not one.covered([trade(11)], 60.0 + REST_LAG - 0.1)
    assert one.covered([], 60.0 + REST_LAG)


def test_pages_go_back_to_the_last_trade_that_was_told() -> None:
    """Or, where none ever was, to the time of the loss: older ones were before anybody listened."""
    one = hole()
    assert not one.from_the_first
    assert not one.reached(trade(11))
    assert one.reached(trade(10))
    none_told = hole(None)
    assert none_told.from_the_first
    assert not none_told.reached(trade(1, 38.0))
    assert none_told.reached(trade(1, 37.9))
    assert ids(none_told.fetched([trade(3), trade(2, 39.0), trade(1, 37.9)])) == [2, 3]


def test_ids_that_begin_anew_are_known_by_their_time() -> None:
    """Live trades are told from the first one on; nothing is taken for missed. Rounded times prove nothing."""
    live = hole()
    assert not live.live(trade(9, 51.0))
    assert live.live(trade(3, 55.0))
    assert live.anew
    assert live.first == 3
    assert live.live(trade(4, 55.0))
    assert live.fetched([trade(12, 49.0), trade(2, 54.0)]) == []
    fetched = hole()
    assert fetched.fetched([trade(2, 54.0), trade(1, 53.0)]) == []
    assert fetched.anew
    assert fetched.live(trade(3, 54.1))
    caught_up = hole()
    assert ids(caught_up.fetched([trade(12, 58.0), trade(11, 57.0), trade(10), trade(9)])) == [11, 12]
    assert not caught_up.live(trade(11, 57.0))
    assert not caught_up.anew


class Bench:
    def __init__(self, *, replays: bool = True) -> None:
        self.shard = Shard("v", "shard-1", 10, replays=replays)
        self.up = {TOPIC}
        self.missed = MissedTrades(self.shard, self.up)

    def lose(self, after: int = 10) -> Hole:
        self.shard.slots["a"].last_trades[TOPIC] = trade(after)
        self.shard.coverage.lost(TOPIC, 40 * NS, "reset")
        self.missed.begin(TOPIC, 60.0, 60 * NS)
        ((topic, one),) = self.missed.holes
        assert topic == TOPIC
        return one

    def closings(self) -> list[tuple[int | None, str]]:
        return [(gap.end_ns, gap.closed) for gap in self.shard.coverage.gaps()]


def test_live_trades_are_compared_until_the_replay_is_over() -> None:
    """Then the topic is among those whose data need no second look."""
    bench = Bench()
    one = bench.lose()
    assert bench.up == set()
    assert TOPIC in bench.missed
    assert bench.missed.judge(trade(15), 61.0)
    assert bench.closings() == [(None, "")]
    assert bench.missed.asks(TOPIC, one)
    bench.missed.replayed(TOPIC, one, whole=True, now=62.0)
    assert bench.closings() == [(60 * NS, "replayed")]
    assert bench.missed.judge(trade(16), 63.0)
    assert bench.up == {TOPIC}
    assert TOPIC not in bench.missed
    assert bench.missed.judge(trade(17), 63.0), "nothing is asked of a topic without a hole"


def test_a_replay_before_the_first_live_trade_is_remembered_for_a_while() -> None:
    """What REST told may be pushed yet. Ids that have gone back are no reason to be silent for ever."""
    bench = Bench()
    one = bench.lose()
    one.fetched([trade(12)])
    bench.missed.replayed(TOPIC, one, whole=True, now=62.0)
    assert not bench.missed.judge(trade(12), 62.0 + WATCHED - 0.1)
    assert bench.missed.judge(trade(1), 62.0 + WATCHED)
    assert bench.up == {TOPIC}


def test_what_is_not_fetched_when_the_connection_ends_is_lost() -> None:
    """The gap ends where live data went on, and the next one begins after that; a late answer is not asked for."""
    bench = Bench()
    one = bench.lose()
    bench.missed.end()
    assert bench.closings() == [(60 * NS, "lost")]
    assert not bench.missed.asks(TOPIC, one)
    bench.missed.give_up(TOPIC)
    assert bench.closings() == [(60 * NS, "lost")]


def test_a_venue_that_cannot_be_asked_by_id_loses_trades() -> None:
    """MEXC: the gap closes at once."""
    bench = Bench(replays=False)
    bench.shard.coverage.lost(TOPIC, 40 * NS, "reset")
    bench.missed.begin(TOPIC, 60.0, 60 * NS)
    assert list(bench.missed.holes) == []
    assert bench.up == {TOPIC}
    assert bench.closings() == [(60 * NS, "lost")]


def test_what_was_fetched_is_not_fetched_again_after_the_next_outage() -> None:
    """Where no live trade came between two outages, the second begins behind what was fetched for the first."""
    bench = Bench()
    one = bench.lose(after=10)
    found = one.fetched([trade(12), trade(11)])
    bench.missed.told(TOPIC, found[-1])
    bench.missed.replayed(TOPIC, one, whole=True, now=62.0)
    bench.missed.end()
    bench.shard.coverage.lost(TOPIC, 63 * NS, "reset")
    again = MissedTrades(bench.shard, bench.up)
    again.begin(TOPIC, 65.0, 65 * NS)
    ((_, other),) = again.holes
    assert ids(other.fetched([trade(13), trade(12), trade(11)])) == [13]


def test_a_live_trade_is_newer_than_what_is_fetched_behind_it() -> None:
    bench = Bench()
    bench.lose(after=10)
    bench.shard.slots["a"].last_trades[TOPIC] = trade(20)
    bench.missed.told(TOPIC, trade(15))
    assert bench.shard.last_trade(TOPIC) == trade(20)
