"""What the end of an incarnation says about its connection."""

import pytest

from feedtree.exchanges.endings import got_through
from feedtree.exchanges.errors import ConnectTimeout, DialFailed, Stalled, TlsFailed, UpgradeRefused


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TlsFailed("venue:443", "tls", "expired"), True),
        (ConnectTimeout("venue:443", "tls", "no answer in 1 s"), True),
        (ConnectTimeout("venue:443", "tcp", "no answer in 1 s"), False),
        (DialFailed("venue:443", "tcp", "refused"), False),
        (UpgradeRefused("venue:443", 503, ""), False),
        (Stalled("no answer"), False),
    ],
)
def test_a_handshake_that_fails_has_reached_the_venue(error: Exception, expected: bool) -> None:
    """TCP came about, so that a venue which accepts and drops is flapping; what comes later is noted when it does."""
    assert got_through(error) is expected
