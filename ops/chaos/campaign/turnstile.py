"""Who may go on at a venue: many at a time, or one alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio


class Turnstile:
    """Lets any number pass, or one alone, for whom the others wait."""

    def __init__(self) -> None:
        self._inside = 0
        self._alone = False
        self._waiting = 0  # those that want to be alone: nobody else enters before them
        self._changed = trio.Event()

    @asynccontextmanager
    async def among_others(self) -> AsyncIterator[None]:
        """Be inside, together with others."""
        while self._alone or self._waiting:
            await self._changed.wait()
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            self._tell()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Be inside, with nobody else."""
        self._waiting += 1
        try:
            while self._alone or self._inside:
                await self._changed.wait()
            self._alone = True
        finally:
            self._waiting -= 1
            self._tell()
        try:
            yield
        finally:
            self._alone = False
            self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
