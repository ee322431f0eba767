"""How much of its life a stream was live."""

from feedtree.actors.meters import Meters
from feedtree.exchanges.uptime import IN_TIME_NS, Uptime

S = 1_000_000_000


def uptime() -> tuple[Uptime, Meters]:
    meters = Meters()
    return Uptime(meters), meters


def test_outages_are_counted_and_their_time_is_summed() -> None:
    """Those that are over go into the histogram; the one that lasts counts as it grows."""
    up, meters = uptime()
    up.live(10 * S)
    up.lost(20 * S)
    assert up.down_s(21 * S) == 1.0
    up.live(22 * S)
    up.lost(30 * S)
    up.lost(31 * S)  # another attempt within the same outage
    assert (up.outages, up.recovered, up.in_time) == (2, 1, 1)
    assert up.down_s(40 * S) == 12.0
    assert up.lived_s(40 * S) == 30.0
    up.live(40 * S)
    assert (up.recovered, up.in_time) == (2, 1)
    assert meters.histograms["outage_ns"].count == 2
    assert meters.histograms["outage_ns"].highest == 10 * S


def test_an_outage_of_three_seconds_is_healed_in_time() -> None:
    """One of a nanosecond more is not."""
    up, _ = uptime()
    up.live(0)
    up.lost(S)
    up.live(S + IN_TIME_NS)
    up.lost(10 * S)
    up.live(10 * S + IN_TIME_NS + 1)
    assert (up.recovered, up.in_time) == (2, 1)


def test_a_stream_that_was_never_live_has_no_uptime() -> None:
    """What was lost before it was live once takes nothing from its life."""
    up, _ = uptime()
    assert (up.down_s(5 * S), up.lived_s(5 * S)) == (0.0, 0.0)
    up.lost(S)
    assert (up.outages, up.down_s(5 * S)) == (1, 0.0)
    up.live(6 * S)
    assert (up.recovered, up.down_s(8 * S), up.lived_s(8 * S)) == (1, 0.0, 2.0)


def test_a_clock_that_is_set_back_makes_no_time_negative() -> None:
    """Wall clocks are corrected."""
    up, meters = uptime()
    up.live(10 * S)
    up.lost(9 * S)
    up.live(8 * S)
    assert (up.down_s(7 * S), up.lived_s(7 * S)) == (0.0, 0.0)
    assert meters.histograms["outage_ns"].lowest == 0
