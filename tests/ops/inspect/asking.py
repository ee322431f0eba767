"""Asking a running app from a thread, as another process would."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import trio

from feedtree.ops.inspect.client import Client, running_apps
from feedtree.ops.inspect.protocol import Request

Body = TypeVar("Body")


async def ask(request: Request, kind: type[Body]) -> Body:
    """Ask the one app that runs."""

    def asked(client: Client) -> Body:
        return client.ask(request, kind)

    return await with_client(asked)


async def with_client(act: Callable[[Client], Any]) -> Any:
    """Do something with a client of the one app that runs, in a thread."""

    def acted() -> Any:
        (app,) = running_apps()
        with Client(app) as client:
            return act(client)

    return await trio.to_thread.run_sync(acted)


async def raw(path: Path, request: bytes, *, half_close: bool = False) -> bytes:
    """Send bytes, say no more, and return all that is answered; a reset ends it, too."""
    received = b""
    async with await trio.open_unix_socket(str(path)) as stream:
        with suppress(trio.BrokenResourceError):
            await stream.send_all(request)
            if half_close:
                await stream.send_eof()
            while not received.endswith(b"\n") and (chunk := await stream.receive_some()):
                received += chunk
    return received
