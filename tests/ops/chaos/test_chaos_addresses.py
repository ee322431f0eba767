"""Whether a proxy would lead to itself."""

import pytest

from feedtree.ops.chaos.addresses import leads_back, spelled


@pytest.mark.parametrize(
    ("listen", "to", "back"),
    [
        (("127.0.0.1", 9), ("127.0.0.1", 9), True),
        (("127.0.0.1", 9), ("127.0.0.1", 10), False),
        (("127.0.0.1", 9), ("127.0.0.2", 9), False),
        (("127.0.0.1", 9), ("localhost", 9), True),
        (("0.0.0.0", 9), ("127.0.0.1", 9), True),
        (("127.0.0.1", 9), ("0.0.0.0", 9), True),
        (("0.0.0.0", 9), ("192.0.2.1", 9), False),
        (("no..name", 9), ("127.0.0.1", 9), False),
    ],
)
def test_an_address_leads_back_where_it_is_ones_own(
    listen: tuple[str, int], to: tuple[str, int], back: bool
) -> None:
    """However it is written; another address of this machine with the same port is another place."""
    assert leads_back(listen, to) is back


def test_an_address_is_spelled_as_it_is_typed() -> None:
    """IPv6 in brackets."""
    assert [spelled(("::1", 9)), spelled(("venue", 9))] == ["[::1]:9", "venue:9"]
