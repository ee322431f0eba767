"""MEXC's listen keys, as it is asked about them. Each call has weight 1, and is signed, as clients do.

Sources: the spot documentation of 2025-08-08 ("Websocket User Data Streams"): a key is good for 60 minutes after it was
made or prolonged, an account has at most 60, and a key carries at most 5 connections.
"""

from collections.abc import Sequence
from urllib.parse import quote

from feedtree.exchanges.credentials import Credentials, Secret
from feedtree.exchanges.errors import LeaseInvalid, RestFailed
from feedtree.exchanges.mexc.account_messages import ListenKeyBody, ListenKeysBody
from feedtree.exchanges.mexc.refusals import CLOCK
from feedtree.exchanges.mexc.signed_calls import SignedCalls
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.rest import RestClient

LIFE = 3600.0
MOST_KEYS = 60

_PATH = "/api/v3/userDataStream"


class MexcListenKeys:
    """See `LeaseCalls`.

    Args:
        rest: does the calls.
        credentials: sign them.
        clock: the venue's; its time goes into every signature.
        life: seconds that a key is good for.
    """

    most_keys = MOST_KEYS

    def __init__(
        self, rest: RestClient, credentials: Credentials, clock: VenueClock, *, life: float = LIFE
    ) -> None:
        self.life = life
        self._calls = SignedCalls(rest, credentials, clock)

    def __repr__(self) -> str:
        return f"MexcListenKeys({self._calls!r})"

    async def keys(self) -> Sequence[Secret]:
        """See `LeaseCalls`."""
        body = await self._calls.ask(_PATH, ListenKeysBody, weight=1)
        return [Secret(key) for key in body.listen_key]

    async def make(self) -> Secret:
        """See `LeaseCalls`."""
        body = await self._calls.ask(_PATH, ListenKeyBody, weight=1, method="POST")
        return Secret(body.listen_key)

    async def prolong(self, key: Secret) -> None:
        """See `LeaseCalls`; an invalid key has no documented code: any refusal of the call is taken for that."""
        parameters = {"listenKey": key.reveal()}
        try:
            await self._calls.ask(_PATH, ListenKeyBody, weight=1, method="PUT", parameters=parameters)
        except RestFailed as error:
            if 400 <= error.status < 500 and error.code not in CLOCK:
                raise LeaseInvalid(f"PUT {_PATH}: HTTP {error.status}, code {error.code}") from None
            raise

    def query(self, key: Secret) -> str:
        """See `LeaseCalls`."""
        return f"listenKey={quote(key.reveal(), safe='')}"
