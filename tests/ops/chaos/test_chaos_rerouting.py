"""What a config names is led through a proxy."""

import pytest

from feedtree.exchanges.credentials import Credentials
from feedtree.ops.chaos.rerouting import through
from feedtree.ops.config import Account, Venue

URLS = {"ws_url": "wss://venue.test:9000/ws/v4/", "rest_url": "https://venue.test:9000/api/v4"}


def test_a_venue_keeps_all_but_host_and_port() -> None:
    venue = through(Venue(["BTC/USDT"], read="spin", **URLS), ("127.0.0.1", 9100))
    assert venue == Venue(
        ["BTC/USDT"],
        read="spin",
        ws_url="wss://127.0.0.1:9100/ws/v4/",
        rest_url="https://127.0.0.1:9100/api/v4",
    )


def test_an_account_keeps_its_credentials() -> None:
    credentials = Credentials("key", "secret")
    account = through(Account(credentials=credentials, **URLS), ("127.0.0.1", 9100))
    assert account.credentials is credentials
    assert account.rest_url == "https://127.0.0.1:9100/api/v4"


def test_what_goes_to_the_real_venue_is_not_led_astray_in_silence() -> None:
    with pytest.raises(ValueError, match="name ws_url and rest_url"):
        through(Venue(["BTC/USDT"]), ("127.0.0.1", 9100))
