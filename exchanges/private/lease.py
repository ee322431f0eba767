"""A listen key: what a venue gives instead of taking signed subscriptions, for a time.

An actor of its own beside the session that uses the key. It takes a key that is still good, or has one made; prolongs
it at half its life; and where that fails for too long has the other slot of the stream take over with another key,
before this one ends. No key is ever deleted: the next start may use it again, and it may be another program's.
"""

from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Protocol

import trio
from msgspec import Struct

from feedtree.actors.context import Context
from feedtree.exchanges.ageing import grow_old
from feedtree.exchanges.credentials import Secret
from feedtree.exchanges.errors import LeaseInvalid, RestFailed, VenueThrottled

RENEW_AT = 0.5  # share of its life after which a key is prolonged, up to a tenth of it earlier
AGAIN_AFTER = 10.0  # seconds between attempts to prolong it
RELIEVE_BEFORE = 0.2  # share of its life before its end from which another key is to take over


class LeaseCalls(Protocol):
    """What a venue answers about listen keys.

    Every call raises `RestFailed`, `VenueThrottled`, or one of the `Fatal` errors that say what is wrong with the
    account's own key.
    """

    @property
    def life(self) -> float:
        """Seconds that a listen key is good for after it was made or prolonged."""
        ...

    @property
    def most_keys(self) -> int:
        """How many of them an account may have."""
        ...

    async def keys(self) -> Sequence[Secret]:
        """Return those that are good."""
        ...

    async def make(self) -> Secret:
        """Have a new one made."""
        ...

    async def prolong(self, key: Secret) -> None:
        """Prolong one.

        Raises:
            LeaseInvalid: the venue does not know it any more.
        """
        ...

    def query(self, key: Secret) -> str:
        """Return what is added to the address of a connection, escaped."""
        ...


class LeaseFigures(Struct):
    """What an account's leases came to.

    Args:
        valid: keys of the account when they were last asked for.
        made: keys that were made.
        reused: keys that were taken up again.
        prolonged: how often one was prolonged.
    """

    valid: int = 0
    made: int = 0
    reused: int = 0
    prolonged: int = 0


class Leases:
    """The listen keys of one account; outlives the actors that hold them.

    Args:
        calls: asks the venue.
        rng: for the jitter of prolonging.
    """

    def __init__(self, calls: LeaseCalls, rng: Random) -> None:
        self.calls = calls
        self.rng = rng
        self.figures = LeaseFigures()
        self._in_use: set[Secret] = set()
        self._refused: set[Secret] = set()

    async def take(self) -> Secret:
        """Return a key that no slot uses: one that is good still, prolonged, or a new one."""
        valid = await self.calls.keys()
        self.figures.valid = len(valid)
        for key in valid:
            if key in self._in_use or key in self._refused:
                continue
            if await self._reuse(key):
                self.figures.reused += 1
                return key
        if len(valid) >= self.calls.most_keys:
            raise RestFailed("listen key", f"all {len(valid)} keys of this account are in use or refused")
        key = await self.calls.make()
        self.figures.made += 1
        self._in_use.add(key)
        return key

    async def _reuse(self, key: Secret) -> bool:
        """Prolong a key, which no other slot may take meanwhile; return whether it is still good."""
        self._in_use.add(key)
        good = False
        try:
            await self.calls.prolong(key)
            good = True
        except LeaseInvalid:
            pass
        finally:
            if not good:
                self._in_use.discard(key)
        return good

    def give_back(self, key: Secret, *, refused: bool) -> None:
        """Use a key no longer; one that the venue refused is not taken again."""
        self._in_use.discard(key)
        if refused:
            self._refused.add(key)


class Lease:
    """One slot's hold of a key.

    Args:
        leases: of the account.
        ready: waits for what signed calls need, the venue's time.
        relieve: has the other slot take over.
    """

    def __init__(
        self, leases: Leases, ready: Callable[[], Awaitable[None]], relieve: Callable[[], None]
    ) -> None:
        self._leases = leases
        self._ready = ready
        self._relieve = relieve
        self._key: Secret | None = None
        self._taken = trio.Event()
        self._refused = trio.Event()

    async def query(self) -> str:
        """Wait for a key; return what is added to the address of a connection."""
        await self._taken.wait()
        assert self._key is not None
        return self._leases.calls.query(self._key)

    def refused(self) -> None:
        """Note that the venue does not take the key: this lease ends, and with it the session that has it."""
        self._refused.set()

    async def run(self, context: Context) -> None:
        """Hold a key: the start function of the actor.

        Raises:
            LeaseInvalid: the venue does not take the key any more.
            RestFailed: no key was to be had.
            VenueThrottled: the venue asks for a pause.
            Fatal: what is wrong with the key of the account.
        """
        context.started()
        self._refused = trio.Event()  # a session that has just ended may have set the last one late
        context.report("asking")
        await self._ready()
        key = await self._leases.take()
        refused = False
        try:
            self._key = key
            self._taken.set()
            context.mark_useful()
            await self._hold(context, key)
        except LeaseInvalid:
            refused = True
            raise
        finally:
            self._key, self._taken = None, trio.Event()
            self._leases.give_back(key, refused=refused)

    async def _hold(self, context: Context, key: Secret) -> None:
        life = self._leases.calls.life
        while True:
            ends_at = trio.current_time() + life
            context.report("held", valid=self._leases.figures.valid)
            await self._sleep(life * RENEW_AT * (1 - 0.2 * self._leases.rng.random()))
            await self._prolong(context, key, ends_at)

    async def _prolong(self, context: Context, key: Secret, ends_at: float) -> None:
        relieve_at = ends_at - self._leases.calls.life * RELIEVE_BEFORE
        while trio.current_time() < ends_at:
            try:
                await self._leases.calls.prolong(key)
            except (RestFailed, VenueThrottled) as error:
                context.log.warning("listen_key_not_prolonged", reason=str(error))
                if trio.current_time() >= relieve_at:
                    self._relieve()
                pause = getattr(error, "retry_after", None) or AGAIN_AFTER
                await self._sleep(min(pause, max(ends_at - trio.current_time(), 0.0)))
            else:
                self._leases.figures.prolonged += 1
                return
        raise LeaseInvalid(
            "the listen key could not be prolonged before its end"
        )  # a venue may just fall silent

    async def _sleep(self, seconds: float) -> None:
        await grow_old(seconds, self._refused)
        if self._refused.is_set():
            raise LeaseInvalid("the venue does not take the listen key")
