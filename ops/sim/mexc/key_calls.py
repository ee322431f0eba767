"""MEXC's calls about listen keys: ``/userDataStream``."""

from typing import TYPE_CHECKING

from feedtree.ops.sim.mexc.asked import Asked
from feedtree.ops.sim.mexc.denied import missing

if TYPE_CHECKING:
    from feedtree.ops.sim.mexc.private import MexcPrivate

Shape = dict[str, object]


class KeyCalls:
    """Makes, renews, lists and ends listen keys.

    Args:
        side: the venue's private side.
    """

    def __init__(self, side: "MexcPrivate") -> None:
        self._side = side

    def make(self, asked: Asked) -> Shape:
        """``POST``."""
        return {"listenKey": self._side.keys.make(asked.account, self._side.now_ns()).text}

    def renew(self, asked: Asked) -> Shape:
        """``PUT``: an hour from now on."""
        return {"listenKey": self._side.keys.renew(_named(asked), asked.account, self._side.now_ns()).text}

    def list(self, asked: Asked) -> Shape:
        """``GET``: all that are valid."""
        keys = self._side.keys.of_account(asked.account, self._side.now_ns())
        return {"listenKey": [key.text for key in keys]}

    def drop(self, asked: Asked) -> Shape:
        """``DELETE``: the key's connections are closed."""
        text = _named(asked)
        self._side.keys.drop(text, asked.account, self._side.now_ns())
        self._side.close_sockets(text)
        return {"listenKey": text}


def _named(asked: Asked) -> str:
    text = asked.params.get("listenKey")
    if not text:
        raise missing("listenKey")
    return text
