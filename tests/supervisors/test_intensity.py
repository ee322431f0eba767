"""The window over counted restarts."""

import pytest

from feedtree.supervisors.intensity import Intensity


@pytest.mark.row("SUP-055")
def test_allows_as_many_restarts_as_the_limit_within_the_period() -> None:
    """N restarts within the period are admitted, one more is not."""
    window = Intensity(2, 10.0)
    assert [window.admit(now, "a") for now in (0.0, 1.0, 2.0)] == [True, True, False]


@pytest.mark.row("SUP-056")
def test_restarts_wider_apart_than_the_period_never_trip_it() -> None:
    """Restarts spaced wider than the period never trip the window, however many there are."""
    window = Intensity(1, 10.0)
    assert all(window.admit(now * 10.1, "a") for now in range(1000))


@pytest.mark.row("SUP-067")
def test_a_restart_exactly_one_period_back_still_counts() -> None:
    """The boundary of the window is inclusive."""
    window = Intensity(1, 10.0)
    window.admit(0.0)
    assert window.count(10.0) == 1
    assert not window.admit(10.0)
    assert window.count(10.1) == 1


@pytest.mark.row("SUP-057")
def test_a_limit_of_zero_admits_nothing() -> None:
    """Intensity 0 is valid, and allows no restart."""
    assert not Intensity(0, 1.0).admit(0.0)


def test_counts_one_childs_share_and_forgets_on_request() -> None:
    """The share of one child can be told apart, and a restart by hand starts afresh."""
    window = Intensity(5, 10.0)
    for who in ("a", "b", "a"):
        window.admit(1.0, who)
    assert (window.count(1.0, "a"), window.count(1.0, "b"), window.count(1.0)) == (2, 1, 3)
    window.clear()
    assert window.count(1.0) == 0
