"""The signatures of MEXC's documents come out as printed there."""

import pytest

from feedtree.exchanges.credentials import Credentials, Secret
from feedtree.exchanges.mexc.signing import headers, signature, signed_query

SECRET = Secret("45d0b3c26f2644f19bfb98b07741b2f5")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11&recvWindow=5000&timestamp=1644489390087",
            "fd3e4e8543c5188531eb7279d68ae7d26a573d0fc5ab0d18eb692451654d837a",
        ),
        (  # a query and a body, with nothing between them
            "symbol=BTCUSDT&side=BUY&type=LIMITquantity=1&price=11&recvWindow=5000&timestamp=1644489390087",
            "d1a676610ceb39174c8039b3f548357994b2a34139a8addd33baadba65684592",
        ),
    ],
)
def test_parameters_are_signed_as_the_documents_show(text: str, expected: str) -> None:
    """The official page's examples, recomputed: its own value for another one is wrong."""
    assert signature(SECRET, text) == expected


def test_a_signed_query_holds_window_time_and_signature() -> None:
    """What is signed is just what is sent before the signature."""
    parameters = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "1", "price": "11"}
    query = signed_query(SECRET, parameters, 1644489390087)
    assert query == (
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11&recvWindow=5000&timestamp=1644489390087"
        "&signature=fd3e4e8543c5188531eb7279d68ae7d26a573d0fc5ab0d18eb692451654d837a"
    )


def test_odd_characters_are_escaped_before_they_are_signed() -> None:
    """The venue wants the hex digits of escapes in upper case."""
    query = signed_query(SECRET, {"symbol": "A,B c"}, 1, recv_window=60_000)
    text, _, signed = query.partition("&signature=")
    assert text == "symbol=A%2CB%20c&recvWindow=60000&timestamp=1"
    assert signed == signature(SECRET, text)


def test_the_headers_name_the_account() -> None:
    """The key goes into a header, the secret nowhere."""
    assert headers(Credentials("key", "secret")) == {
        "X-MEXC-APIKEY": "key",
        "Content-Type": "application/json",
    }
