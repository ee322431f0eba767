"""The gaps of an account: from consistent to consistent."""

from feedtree.exchanges.gaps import Gap
from feedtree.exchanges.private.coverage import AccountCoverage

KEY = "private/v/main"


def test_an_account_that_never_was_consistent_has_no_gap() -> None:
    """Its first comparison may leave something; nobody was told that it is complete."""
    coverage = AccountCoverage("v", "main")
    coverage.look(False, 1, 2, "unexplained")
    coverage.look(True, 0, 3, "")
    assert coverage.ledger.gaps() == []


def test_a_gap_lasts_until_the_account_is_consistent_and_keeps_its_first_cause() -> None:
    """What goes wrong meanwhile belongs to it."""
    coverage = AccountCoverage("v", "main")
    coverage.look(True, 0, 3, "")
    coverage.look(False, 5, 6, "reset")
    coverage.look(False, 7, 8, "not compared with the venue")
    assert coverage.ledger.gaps() == [Gap(KEY, "v", "reset", 5)]
    coverage.look(True, 0, 9, "")
    assert coverage.ledger.gaps() == [Gap(KEY, "v", "reset", 5, 9, "snapshot")]


def test_what_was_acknowledged_is_lost_for_that_gap_alone() -> None:
    """The next gap may be explained wholly."""
    coverage = AccountCoverage("v", "main")
    coverage.look(True, 0, 3, "")
    coverage.look(False, 5, 6, "reset")
    coverage.acknowledge()
    coverage.look(True, 0, 9, "")
    coverage.look(False, 10, 11, "reset")
    coverage.look(True, 0, 12, "")
    assert [gap.closed for gap in coverage.ledger.gaps()] == ["lost", "snapshot"]


def test_the_end_of_an_account_is_no_gap_and_ends_the_open_one() -> None:
    """That it is stopped for it is no gap; that it was down then is one, and if it was stopped before."""
    coverage = AccountCoverage("v", "main")
    coverage.look(True, 0, 3, "")
    coverage.stopping()
    coverage.look(False, 5, 6, "stopped")
    coverage.end(9)
    assert coverage.ledger.gaps() == []
    for cause in ("stopped", "reset"):
        coverage = AccountCoverage("v", "main")
        coverage.look(True, 0, 3, "")
        coverage.look(False, 5, 6, cause)
        coverage.stopping()
        coverage.end(9)
        assert coverage.ledger.gaps() == [Gap(KEY, "v", cause, 5, 9, "lost")]
