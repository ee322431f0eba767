"""A target is checked when it is made, and spells the request."""

import pytest

from feedtree.exchanges.wire.connection import ReadMode
from feedtree.exchanges.wire.proxy import Proxy
from feedtree.exchanges.wire.target import Target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "venue.test",
        "http://venue.test",
        "ws://",
        "ws://venue.test/#part",
        "ws://user:pw@venue.test",
        "ws://venue.test/a b",
        "ws://venue.test/é",
        "ws://venue.test:0",
    ],
)
def test_malformed_url_is_refused(url: str) -> None:
    """A mistyped url is refused when the target is made, not when it is dialled."""
    with pytest.raises(ValueError, match="websocket url") as caught:
        Target(url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "header",
    [
        ("", "x"),
        ("A b", "x"),
        ("A", "x\r\nB: y"),
        ("A", " x"),
        ("A", "€"),
        ("Host", "x"),
        ("Sec-WebSocket-Protocol", "x"),
    ],
)
def test_malformed_header_is_refused(header: tuple[str, str]) -> None:
    """A header that would break the request, or replace the upgrade's own, is named; its value is not shown."""
    with pytest.raises(ValueError, match="header"):
        Target("ws://venue.test", headers=(header,))
    Target("ws://venue.test", headers=(("Empty", ""), ("One", "1"), ("Words", "a\tb, c")))


def test_impossible_port_is_refused() -> None:
    """A port that is none is refused when the target is made."""
    with pytest.raises(ValueError, match="ort"):
        Target("ws://venue.test:99999")


def test_cap_and_proxy_are_checked() -> None:
    """A cap under a control frame's size and a malformed proxy are refused, without repeating a password."""
    with pytest.raises(ValueError, match="max_frame"):
        Target("ws://venue.test", max_frame=124)
    for proxy in ("socks5://proxy:1080", "http://proxy", "http://me:secret@:1"):
        with pytest.raises(ValueError, match="proxy is written") as caught:
            Target("ws://venue.test", proxy=proxy)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "where", "authority", "resource"),
    [
        ("ws://venue.test", "venue.test:80", "venue.test", "/"),
        ("wss://venue.test:443/ws/v4/", "venue.test:443", "venue.test", "/ws/v4/"),
        ("wss://venue.test?listenKey=a", "venue.test:443", "venue.test", "/?listenKey=a"),
        ("ws://127.0.0.1:8080/ws", "127.0.0.1:8080", "127.0.0.1:8080", "/ws"),
        ("ws://[::1]:80/", "::1:80", "[::1]", "/"),
    ],
)
def test_parts_of_the_url(url: str, where: str, authority: str, resource: str) -> None:
    """Address, Host header and resource follow from the url."""
    target = Target(url)
    assert (target.where, target.authority, target.resource) == (where, authority, resource)
    assert target.secure is url.startswith("wss")


def test_proxy_hides_its_password() -> None:
    """Credentials are sent, and never shown."""
    proxy = Proxy.parse("http://me:s%40cret@proxy.test:3128")
    assert (proxy.host, proxy.port) == ("proxy.test", 3128)
    assert proxy.authorization == "Basic bWU6c0BjcmV0"
    assert "cret" not in repr(proxy)
    assert "bWU6" not in repr(proxy)
    assert "cret" not in repr(Target("ws://venue.test", proxy="http://me:s%40cret@proxy.test:3128"))


@pytest.mark.parametrize(("kind", "seconds"), [("fast", 0.0), ("wait", 0.1), ("coalesce", 0.0)])
def test_read_mode_is_checked(kind: str, seconds: float) -> None:
    """A mistyped mode, and a time that does not fit it, are refused."""
    with pytest.raises(ValueError, match=r"read mode|coalesce_s"):
        ReadMode(kind, seconds)
