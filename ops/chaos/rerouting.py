"""Leads what a config names through a proxy: another host and port, the same scheme and path."""

from typing import Any, TypeVar
from urllib.parse import urlsplit

from feedtree.ops.config import Account, Venue

Reached = TypeVar("Reached", Venue, Account)


def through(what: Reached, address: tuple[str, int]) -> Reached:
    """Return a venue or an account that is reached by way of an address.

    Args:
        what: names its websocket and REST addresses itself.
        address: host and port of the proxy.

    Raises:
        ValueError: it names no addresses: then it goes to the real venue, which no proxy of ours stands before.
    """
    return type(what)(
        **{**_told(what), "ws_url": _given(what.ws_url, address), "rest_url": _given(what.rest_url, address)}
    )


def led(url: str, address: tuple[str, int]) -> str:
    """Return a URL that leads to the same path by way of an address."""
    host, port = address
    return urlsplit(url)._replace(netloc=f"{host}:{port}").geturl()


def _told(what: Venue | Account) -> dict[str, Any]:
    return {name: getattr(what, name) for name in type(what).__dataclass_fields__}


def _given(url: str | None, address: tuple[str, int]) -> str:
    if url is None:
        raise ValueError("name ws_url and rest_url: without them it is the real venue that is reached")
    return led(url, address)
