"""What the end of an incarnation says about its connection."""

import pytest

from feedtree.actors.context import Context
from feedtree.exchanges.endings import got_through, note_connection
from feedtree.exchanges.errors import ConnectTimeout, DialFailed, Stalled, TlsFailed, UpgradeRefused


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TlsFailed("venue:443", "tls", "expired"), True),
        (ConnectTimeout("venue:443", "tls", "no answer in 1 s"), True),
        (ConnectTimeout("venue:443", "tcp", "no answer in 1 s"), None),
        (DialFailed("venue:443", "tcp", "refused"), None),
        (UpgradeRefused("venue:443", 404, ""), None),
        (UpgradeRefused("venue:443", 503, ""), False),
        (ExceptionGroup("", [UpgradeRefused("venue:443", 500, "")]), False),
        (Stalled("no answer"), None),
    ],
)
def test_whether_an_attempt_got_a_connection(error: Exception, expected: bool | None) -> None:
    """A venue that accepts and drops is flapping; one that says itself that it is away is not."""
    assert got_through(error) is expected
    for before in (True, False):
        context = Context("a", 1)
        context.connected = before
        note_connection(error, context)
        assert context.connected is (before if expected is None else expected)
