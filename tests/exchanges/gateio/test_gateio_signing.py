"""The signatures of Gate.io's documents come out as printed there."""

import pytest

from feedtree.exchanges.credentials import Credentials, Secret
from feedtree.exchanges.gateio.signing import (
    api_signature,
    channel_signature,
    rest_headers,
    rest_signature,
)

SECRET = Secret("secret")
ORDERS = "/api/v4/futures/orders"
QUERY = "contract=BTC_USD&status=finished&limit=50"
BODY = b'{"contract":"BTC_USD","type":"limit","size":100,"price":6800,"time_in_force":"gtc"}'


@pytest.mark.parametrize(
    ("method", "query", "body", "expected"),
    [
        (
            "GET",
            QUERY,
            b"",
            "55f84ea195d6fe57ce62464daaa7c3c02fa9d1dde954e4c898289c9a2407a3d6"
            "fb3faf24deff16790d726b66ac9f74526668b13bd01029199cc4fcc522418b8a",
        ),
        (
            "POST",
            "",
            BODY,
            "eae42da914a590ddf727473aff25fc87d50b64783941061f47a3fdb92742541f"
            "c4c2c14017581b4199a1418d54471c269c03a38d788d802e2c306c37636389f0",
        ),
    ],
)
def test_rest_calls_are_signed_as_the_documents_show(
    method: str, query: str, body: bytes, expected: str
) -> None:
    """The official page's two examples."""
    assert rest_signature(SECRET, method, ORDERS, query, body, 1541993715) == expected


def test_subscriptions_are_signed_by_channel_event_and_time() -> None:
    """The official page's example, recomputed."""
    assert channel_signature(SECRET, "spot.orders", "subscribe", 1611541000) == (
        "833a44bb4cd083e47bc1fec22b5c12e8b98c30fc7a9f4a1e52800dcfdff9a572"
        "40d7c10f1e9553dee020011fa5d02cdc7d1155a380cc4dcbd45f8fb525e41f4b"
    )


@pytest.mark.parametrize(
    ("channel", "time", "expected"),
    [
        (
            "spot.login",
            1681984544,
            "3e133322aeffb544225b263d43fc10fc8e6b9b14126a09e4c945363d60afc591"
            "c441f08c3eff1770c1331171386501f6843560f889840e87ba1f3d99a80daffa",
        ),
        (
            "futures.login",
            1700000000,
            "f39035057b3528fc2c5aff4b9cfa9f43673c88d3ff823c55468608173205809999a8b45d7ed898ebf49c15a4f6e5131"
            "de175ded143be5eeb58431f600e1d4085",
        ),
    ],
)
def test_calls_of_the_websocket_api_are_signed_line_by_line(channel: str, time: int, expected: str) -> None:
    """A login has no parameters, and its line stays empty."""
    assert api_signature(SECRET, channel, "", time) == expected


def test_the_headers_name_the_account_and_the_time() -> None:
    """Key, time and signature, and nothing else."""
    headers = rest_headers(Credentials("key", "secret"), "GET", ORDERS, QUERY, b"", 1541993715)
    assert headers == {
        "KEY": "key",
        "Timestamp": "1541993715",
        "SIGN": rest_signature(SECRET, "GET", ORDERS, QUERY, b"", 1541993715),
    }
