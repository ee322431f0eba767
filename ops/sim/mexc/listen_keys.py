"""MEXC's listen keys: what leads a websocket to an account, for an hour."""

import random
from collections.abc import Callable

from msgspec import Struct

from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.mexc.denied import Denied
from feedtree.ops.sim.switches import MexcSwitches

NS = 1_000_000_000


class ListenKey(Struct):
    """One key.

    Args:
        text: 64 hex digits.
        account: whose.
        renewed_ns: when it was made, or renewed last.
    """

    text: str
    account: Account
    renewed_ns: int


class ListenKeys:
    """The keys of all accounts, the oldest first.

    Args:
        switches: which tell how long they live, and how many there may be.
        rng: of their texts.
        note: told of an account, a key's text and when it was renewed; 0: it is over.
    """

    def __init__(
        self, switches: MexcSwitches, rng: random.Random, note: Callable[[Account, str, int], None]
    ) -> None:
        self._switches = switches
        self._rng = rng
        self._note = note
        self._keys: dict[str, ListenKey] = {}

    def make(self, account: Account, now_ns: int) -> ListenKey:
        """Make one.

        Raises:
            Denied: the account has as many as it may have.
        """
        if len(self.of_account(account, now_ns)) >= self._switches.listen_key_limit:
            raise Denied(30029, "Cannot exceed the maximum listenKey limit")
        key = ListenKey(f"{self._rng.getrandbits(256):064x}", account, now_ns)
        self._keys[key.text] = key
        self._note(account, key.text, now_ns)
        return key

    def revive(self, text: str, account: Account, renewed_ns: int) -> None:
        """Hold one that was made before this start; none where it was over."""
        if renewed_ns:
            self._keys[text] = ListenKey(text, account, renewed_ns)
        else:
            self._keys.pop(text, None)

    def all(self) -> list[ListenKey]:
        """Return every key, also those that are over by age."""
        return list(self._keys.values())

    def renew(self, text: str, account: Account, now_ns: int) -> ListenKey:
        """Let one live anew.

        Raises:
            Denied: the account has none of that text.
        """
        key = self._own(text, account, now_ns)
        key.renewed_ns = now_ns
        self._note(account, text, now_ns)
        return key

    def drop(self, text: str, account: Account, now_ns: int) -> None:
        """End one.

        Raises:
            Denied: the account has none of that text.
        """
        del self._keys[self._own(text, account, now_ns).text]
        self._note(account, text, 0)

    def valid(self, text: str, now_ns: int) -> ListenKey | None:
        """Return a key that lives, by its text."""
        key = self._keys.get(text)
        if key is None or now_ns - key.renewed_ns >= self._switches.listen_key_life_s * NS:
            return None
        return key

    def of_account(self, account: Account, now_ns: int) -> list[ListenKey]:
        """Return an account's keys that live."""
        return [
            key
            for key in list(self._keys.values())
            if key.account is account and self.valid(key.text, now_ns)
        ]

    def _own(self, text: str, account: Account, now_ns: int) -> ListenKey:
        key = self.valid(text, now_ns)
        if key is None or key.account is not account:
            raise Denied(22222, "record does not exist")
        return key
