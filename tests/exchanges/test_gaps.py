"""The gap ledger: one open gap a key, a cause for each, and a bound that is told."""

import pytest

from feedtree.exchanges.gaps import Gap, GapLedger, PastGaps, by_begin

KEY = "gateio.spot BTC/USDT trades"
ACCOUNT = "private/mexc.spot/main"


def test_a_gap_is_open_until_it_is_closed_and_then_knows_its_length() -> None:
    """It begins with the last good datum, and ends where live data go on."""
    ledger = GapLedger("gateio.spot")
    ledger.open(KEY, 1_000_000_000, "Stalled: no answer")
    assert ledger.gaps() == [Gap(KEY, "gateio.spot", "Stalled: no answer", 1_000_000_000, None, "")]
    assert ledger.gaps()[0].seconds is None

    ledger.close(KEY, 3_500_000_000, "replayed")
    assert ledger.gaps() == [
        Gap(KEY, "gateio.spot", "Stalled: no answer", 1_000_000_000, 3_500_000_000, "replayed")
    ]
    assert ledger.gaps()[0].seconds == 2.5


def test_what_goes_wrong_while_a_gap_is_open_belongs_to_it() -> None:
    """Ten failed attempts are one gap, with the cause of the first."""
    ledger = GapLedger("gateio.spot")
    ledger.open(KEY, 100, "ClosedByPeer: 1006")
    ledger.open(KEY, 200, "DialFailed: refused")
    ledger.close(KEY, 300, "lost")
    assert ledger.gaps() == [Gap(KEY, "gateio.spot", "ClosedByPeer: 1006", 100, 300, "lost")]


def test_a_key_without_an_open_gap_has_none_to_close() -> None:
    """The first start of a stream ends no gap, and a gap ends once."""
    ledger = GapLedger("gateio.spot")
    ledger.close(KEY, 100, "snapshot")
    assert ledger.gaps() == []

    ledger.open(KEY, 200, "gap")
    ledger.close(KEY, 300, "snapshot")
    ledger.close(KEY, 400, "lost")
    assert ledger.gaps() == [Gap(KEY, "gateio.spot", "gap", 200, 300, "snapshot")]


def test_a_gap_never_ends_before_it_began() -> None:
    """A clock that was set back makes a gap of no length, not one of less."""
    ledger = GapLedger("gateio.spot")
    ledger.open(KEY, 500, "gap")
    ledger.close(KEY, 400, "snapshot")
    assert ledger.gaps() == [Gap(KEY, "gateio.spot", "gap", 500, 500, "snapshot")]


def test_a_gap_without_a_cause_is_refused() -> None:
    """The ledger names why, always."""
    with pytest.raises(ValueError, match=r"^private/mexc\.spot/main: a gap needs a cause$"):
        GapLedger("mexc.spot").open(ACCOUNT, 1, "")


def test_gaps_come_by_their_begin_whatever_the_order_of_their_ends() -> None:
    """Open gaps stand among closed ones."""
    ledger = GapLedger("mexc.spot")
    ledger.open("c", 30, "cause")
    ledger.open("a", 10, "cause")
    ledger.open("b", 20, "cause")
    ledger.close("b", 40, "snapshot")
    assert [gap.key for gap in ledger.gaps()] == ["a", "b", "c"]


def test_a_full_ledger_forgets_its_oldest_closed_gap_and_counts_it() -> None:
    """Open gaps stay: a bound must not hide what is going on."""
    ledger = GapLedger("mexc.spot", kept=2)
    ledger.open("open", 1, "cause")
    for at in range(10, 14):
        ledger.open("topic", at, "cause")
        ledger.close("topic", at, "snapshot")
        assert ledger.dropped == max(at - 11, 0)
    assert [(gap.key, gap.begin_ns) for gap in ledger.gaps()] == [("open", 1), ("topic", 12), ("topic", 13)]


def test_the_end_closes_what_is_open_as_lost_but_for_what_was_asked_for() -> None:
    """Nothing follows: what was missed stays so. That somebody stops a stream for good is no gap; another stop is."""
    ledger = GapLedger("mexc.spot")
    ledger.open("down", 10, "reset")
    ledger.open("parked", 15, "stopped")
    ledger.waive("stopped")
    ledger.open("stopped", 20, "stopped")
    ledger.open("late", 25, "reset")
    ledger.end(30)
    assert ledger.gaps() == [
        Gap("down", "mexc.spot", "reset", 10, 30, "lost"),
        Gap("parked", "mexc.spot", "stopped", 15, 30, "lost"),
        Gap("late", "mexc.spot", "reset", 25, 30, "lost"),
    ]
    assert ledger.pending("down") is None


def test_gaps_of_ledgers_that_are_over_are_kept_within_a_bound() -> None:
    """The newest stay; what was forgotten before is counted, too."""
    past = PastGaps(kept=3)
    for begin_ns in (0, 100):
        ledger = GapLedger("mexc.spot", kept=2)
        for at in range(begin_ns, begin_ns + 3):
            ledger.open("topic", at, "cause")
            ledger.close("topic", at, "lost")
        past.take(ledger)
    assert [gap.begin_ns for gap in past.gaps()] == [2, 101, 102]
    assert past.dropped() == 3
    assert [gap.begin_ns for gap in by_begin(reversed(past.gaps()))] == [2, 101, 102]


def test_entries_share_the_texts_of_a_key_and_a_cause() -> None:
    """Thousands of entries are kept; their texts are made anew with each outage."""
    ledger = GapLedger("gateio.spot")
    for at in range(2):
        ledger.open(" ".join(KEY.split()), at, ": ".join(["Stalled", "no answer"]))
        ledger.close(KEY, at + 1, "lost")
    first, second = ledger.gaps()
    assert first.key is second.key
    assert first.cause is second.cause
    assert len(ledger) == 2
