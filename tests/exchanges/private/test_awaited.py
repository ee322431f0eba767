"""Which balances a push still has to tell of."""

from feedtree.exchanges.private.awaited import EARLIER_NS, MISTAKES, AwaitedBalances

S = 10**9


def awaited() -> AwaitedBalances:
    return AwaitedBalances(2.0)


def test_what_moved_a_balance_is_awaited_until_a_push_is_as_new() -> None:
    balances = awaited()
    balances.moved("fill", "BTC", 5 * S, 10.0)
    balances.moved("fill", "USDT", 5 * S, 10.5)
    assert sorted(balances.since()) == [10.0, 10.5]
    balances.told("BTC", 4 * S)
    assert sorted(balances.since()) == [10.0, 10.5]
    balances.told("BTC", 5 * S - EARLIER_NS)  # venues date a balance and a fill apart by a little
    assert list(balances.since()) == [10.5]
    balances.told("USDT", 6 * S)
    assert list(balances.since()) == []


def test_a_push_that_came_before_is_as_good() -> None:
    balances = awaited()
    balances.told("BTC", 5 * S)
    balances.told("BTC", 3 * S)  # an older one, out of order
    balances.moved("order", "BTC", 5 * S, 10.0)
    assert list(balances.since()) == []


def test_each_push_answers_what_is_not_newer_than_it() -> None:
    """Pushes that lag by more than the time between two fills are not overdue for ever."""
    balances = awaited()
    for number in range(5):
        balances.moved("fill", "BTC", number * S, float(number))
    balances.told("BTC", 2 * S)
    assert list(balances.since()) == [3.0]


def test_what_the_venue_tells_when_it_is_asked_answers_all() -> None:
    balances = awaited()
    balances.moved("fill", "BTC", 5 * S, 10.0)
    balances.other("BTC")
    balances.other("ETH")
    balances.moved("fill", "ETH", 5 * S, 10.0)
    balances.equal("ETH", 10.5)
    assert list(balances.since()) == []


def test_a_venue_that_tells_in_another_way_is_believed_after_some_mistakes() -> None:
    """Nothing was missed, again and again: then nothing of that kind is awaited any more."""
    balances = awaited()
    for number in range(MISTAKES):
        balances.moved("order", "BTC", (number + 1) * S, 10.0 * number)
        assert list(balances.since()) == [10.0 * number]
        balances.equal("BTC", 10.0 * number + 2.0)
        balances.compared(10.0 * number + 2.0)
    balances.moved("order", "BTC", 100 * S, 100.0)
    assert list(balances.since()) == []
    balances.moved("fill", "BTC", 100 * S, 100.0)
    assert list(balances.since()) == [100.0]


def test_a_comparison_is_one_mistake_however_many_currencies_it_finds_equal() -> None:
    balances = awaited()
    for currency in ("BTC", "ETH", "USDT", "XRP"):
        balances.moved("order", currency, S, 0.0)
        balances.equal(currency, 5.0)
    balances.compared(5.0)
    balances.moved("order", "BTC", 100 * S, 100.0)
    assert list(balances.since()) == [100.0]


def test_one_that_was_missed_makes_up_for_mistakes() -> None:
    balances = awaited()
    for number in range(1, 3 * MISTAKES):
        balances.moved("fill", "BTC", number * S, 0.0)
        balances.equal("BTC", 5.0)
        balances.compared(0.0)
        balances.moved("fill", "BTC", number * S, 0.0)
        balances.moved("fill", "ETH", number * S, 0.0)
        balances.other("BTC")
        balances.equal("ETH", 5.0)
        balances.compared(0.0)
    balances.moved("fill", "BTC", 100 * S, 100.0)
    assert list(balances.since()) == [100.0]


def test_looking_before_it_is_overdue_is_no_mistake() -> None:
    balances = awaited()
    for number in range(1, 2 * MISTAKES):
        balances.moved("fill", "BTC", number * S, 10.0)
        balances.equal("BTC", 11.9)
        balances.compared(10.5)
    balances.moved("fill", "BTC", 100 * S, 100.0)
    assert list(balances.since()) == [100.0]


def test_what_was_awaited_before_all_was_compared_is_forgotten() -> None:
    """A currency of which nothing is left is in no answer."""
    balances = awaited()
    balances.moved("fill", "BTC", 5 * S, 10.0)
    balances.moved("fill", "BTC", 6 * S, 11.0)
    balances.moved("fill", "ETH", 6 * S, 10.0)
    balances.compared(10.5)
    assert list(balances.since()) == [11.0]
