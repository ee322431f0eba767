"""What the connections of one stream come to, over all of them."""

import pytest

from feedtree.exchanges.vitals import Vitals


class Carried:
    def __init__(self) -> None:
        self.bytes_in = 0
        self.bytes_out = 0


def test_bytes_are_those_of_past_and_present_connections() -> None:
    """Present ones are read from their wires; what ended, however it ended, stays counted."""
    vitals = Vitals()
    first, second = Carried(), Carried()

    def fail() -> None:
        with vitals.carried(first, 100):
            first.bytes_in, first.bytes_out = 10, 1
            assert (vitals.bytes_in, vitals.bytes_out, vitals.connections) == (10, 1, 1)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (vitals.bytes_in, vitals.bytes_out, vitals.connections) == (10, 1, 0)
    with vitals.carried(second, 200):
        second.bytes_in, second.bytes_out = 5, 2
        assert (vitals.bytes_in, vitals.bytes_out) == (15, 3)
    assert (vitals.bytes_in, vitals.bytes_out) == (15, 3)


def test_the_age_of_a_connection_is_that_of_the_oldest() -> None:
    """While another one takes over, too; without one there is none."""
    vitals = Vitals()
    assert vitals.connected_s(0) is None
    with vitals.carried(Carried(), 1_000_000_000):
        with vitals.carried(Carried(), 3_000_000_000):
            assert vitals.connected_s(5_000_000_000) == 4.0
            assert vitals.connections == 2
        assert vitals.connected_s(500_000_000) == 0.0
    assert vitals.connected_s(5_000_000_000) is None


def test_answered_pings_are_measured() -> None:
    """An answer that nobody waited for is none."""
    vitals = Vitals()
    vitals.pinged(None)
    assert vitals.rtt_s is None
    assert "rtt_ns" not in vitals.meters.histograms
    vitals.pinged(0.25)
    vitals.pinged(0.5)
    assert vitals.rtt_s == 0.5
    assert vitals.meters.histograms["rtt_ns"].count == 2
