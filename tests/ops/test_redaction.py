"""No secret passes the last line of defence."""

import json

import pytest
import structlog

from feedtree.exchanges.credentials import Secret
from feedtree.ops.logs import configure_logs
from feedtree.ops.redaction import Redaction, redacted

KEY, SECRET = "mx0vglKEYKEYKEYKEY", "s3cr3ts3cr3ts3cr3t"


@pytest.mark.parametrize(
    "text",
    [
        f"GET /api/v3/order?symbol=BTCUSDT&signature={'a1' * 32}&timestamp=5",
        f"wss://host/ws?listenKey={KEY}",
        f'{{"api_key": "{KEY}", "symbol": "BTC"}}',
        json.dumps({"error": json.dumps({"api_key": KEY, "secret": SECRET})}),
        json.dumps({"error": repr({"listenKey": KEY})}),
        f"X-MEXC-APIKEY: {KEY}",
        f"secret='{SECRET}'",
        f"Authorization: Bearer {SECRET}",
        f"('KEY', 'apiKey={KEY}')",
        f"SIGN {'0f' * 64}",
        f"digest {'AB' * 32}",
    ],
)
def test_what_stands_under_the_name_of_a_secret_is_hidden(text: str) -> None:
    """As does what looks like a signature; the rest stays."""
    said = redacted(text)
    assert "***" in said
    for part in (KEY, SECRET, "a1a1", "0f0f", "ABAB"):
        assert part not in said


@pytest.mark.parametrize(
    "text",
    [
        "ConnectionLost: 127.0.0.1:443: Connection reset by peer",
        "AuthenticationFailed: INVALID_KEY: the secret is wrong",
        "order t-0VcFk1e8dGKLoQbT2000j of 96011.4",
        "commit 03a4d5a and id 179585296485444",
        "the signature of this call was refused",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Words are not taken apart."""
    assert redacted(text) == text


def test_known_secrets_are_hidden_wherever_they_stand() -> None:
    """In any depth of an event; too short ones would take words apart."""
    clean = Redaction([Secret(KEY), Secret(SECRET), Secret("a")])
    event = {
        "event": f"sent {KEY}",
        "nested": [{"x": (SECRET, 5)}, None, SECRET.encode()],
        "number": 5,
    }
    assert clean(None, "info", event) == {
        "event": "sent ***",
        "nested": [{"x": ("***", 5)}, None, "***"],
        "number": 5,
    }
    assert KEY not in repr(clean)
    assert clean(None, "info", "banana") == "banana"


@pytest.mark.parametrize("human", [True, False])
def test_no_line_that_is_logged_shows_one(human: bool) -> None:
    """Not in a field, not in an exception's text, not in a traceback."""
    lines: list[str] = []
    before = structlog.get_config()
    try:
        configure_logs(lines.append, human=human, secrets=[Secret(KEY), Secret(SECRET)])
        log = structlog.get_logger()
        log.info("asked", url=f"/x?listenKey={'k' * 20}", key=KEY)
        try:
            raise RuntimeError(f"refused {SECRET}")
        except RuntimeError:
            log.exception("failed")
    finally:
        structlog.configure(**before)
    assert len(lines) == 2
    for each in lines:
        for secret in (KEY, SECRET, "k" * 20):
            assert secret not in each
