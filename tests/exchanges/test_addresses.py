"""Which address is in use."""

from feedtree.exchanges.addresses import AWAY_AFTER, Addresses


def test_an_address_that_stays_away_gives_way_to_the_next_and_so_on_around() -> None:
    """Three attempts in a row; one that works is kept."""
    addresses = Addresses("a", "b")
    for away, then in (("a", "b"), ("b", "a"), ("a", "b")):
        assert [addresses.failed(away) for _ in range(AWAY_AFTER)] == [False, False, True]
        assert addresses.current == then
    addresses.reached("b")
    assert addresses.current == "b"


def test_attempts_in_a_row_count_and_those_at_the_address_in_use() -> None:
    """A stream that was still dialling the old one says nothing of the new one."""
    addresses = Addresses("a", "b")
    addresses.failed("a")
    addresses.failed("a")
    addresses.reached("a")
    assert not any(addresses.failed("b") for _ in range(10))
    addresses.reached("b")
    assert [addresses.failed("a") for _ in range(AWAY_AFTER)] == [False, False, True]


def test_a_single_address_is_always_the_one() -> None:
    """There is nowhere else to go."""
    addresses = Addresses("a")
    assert not any(addresses.failed("a") for _ in range(10))
    assert addresses.current == "a"
