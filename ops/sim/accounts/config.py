"""Which accounts the simulated venues have."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from feedtree.exchanges.symbols import Symbol

READ: Final = "read"
TRADE: Final = "trade"
PERMISSIONS = (READ, TRADE)

DEMO_NAME = "demo"
DEMO_KEY = "simulated-demo-key"  # both are known to everybody, and open nothing but a simulator
DEMO_SECRET = "simulated-demo-secret"
_DEMO_AMOUNT = "1000000"
_DEMO_UID = 20_000_001


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """One account at one simulated venue.

    Args:
        venue: where it is, ``gateio.spot``.
        name: what the control paths call it.
        key: what requests name it by.
        secret: what requests are signed with.
        balances: what it starts with, asset -> decimal.
        permissions: of the key: some of `PERMISSIONS`.
        ips: the addresses that may use the key; none: all.
        uid: the user's number.
    """

    venue: str
    name: str
    key: str = field(repr=False)
    secret: str = field(repr=False)
    balances: Mapping[str, str] = field(default_factory=dict)
    permissions: tuple[str, ...] = PERMISSIONS
    ips: tuple[str, ...] = ()
    uid: int = _DEMO_UID


def demo_accounts(venues: Iterable[str], symbols: Iterable[Symbol]) -> tuple[AccountConfig, ...]:
    """Return one account at each venue, with plenty of every asset that is listed."""
    assets = {asset for symbol in symbols for asset in (symbol.base, symbol.quote)}
    balances = dict.fromkeys(sorted(assets), _DEMO_AMOUNT)
    return tuple(AccountConfig(venue, DEMO_NAME, DEMO_KEY, DEMO_SECRET, balances) for venue in venues)
