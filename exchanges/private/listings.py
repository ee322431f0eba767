"""What a venue lists, fetched once for all who ask at about the same time: it may be megabytes, and of great weight."""

from collections.abc import Awaitable, Callable, Sequence

import trio

from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.instruments import Instrument, Listing


class Listings:
    """The newest listing.

    Args:
        fetch: asks the venue for it.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Listing]]) -> None:
        self._fetch = fetch
        self._lock = trio.Lock()
        self._newest: tuple[float, Listing] | None = None  # and when it was asked for

    async def get(self, within: float) -> Listing:
        """Return a listing; who asks while it is fetched waits for the same answer, or asks anew where it fails.

        Args:
            within: seconds; one that was asked for so shortly before will do.

        Raises:
            RestFailed: the venue does not answer, or not with a listing.
            VenueThrottled: it asks for a pause.
        """
        since = trio.current_time() - within
        async with self._lock:
            if self._newest is None or self._newest[0] < since:
                asked_at = trio.current_time()
                self._newest = asked_at, await self._fetch()
            return self._newest[1]

    async def instruments(self, within: float) -> Sequence[Instrument]:
        """Return what is in it as instruments; arguments and errors as `get`, and it is no listing without any."""
        found = (await self.get(within)).instruments
        if not found:
            raise RestFailed("the listing", "no instrument is in it, or none that decodes")
        return found
