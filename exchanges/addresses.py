"""Which of a venue's websocket addresses is in use: another one where the present one stays away. Pure."""

AWAY_AFTER = 3  # attempts in a row that got no websocket, by whichever stream


class Addresses:
    """The addresses of one venue, used in turn.

    The first is used until it stays away, then the next, and so on, around. One that works is kept: it is no worse
    for not being the first.

    Args:
        first: the address to begin with.
        others: what to go to when it stays away.
    """

    def __init__(self, first: str, *others: str) -> None:
        self._urls = (first, *others)
        self._index = 0
        self._failed = 0

    @property
    def current(self) -> str:
        """The one in use."""
        return self._urls[self._index]

    def reached(self, url: str) -> None:
        """Note that an attempt got its websocket."""
        if url == self.current:
            self._failed = 0

    def failed(self, url: str) -> bool:
        """Note that an attempt got none; return whether another address is in use from now on."""
        if url != self.current or len(self._urls) == 1:
            return False
        self._failed += 1
        if self._failed < AWAY_AFTER:
            return False
        self._failed = 0
        self._index = (self._index + 1) % len(self._urls)
        return True
