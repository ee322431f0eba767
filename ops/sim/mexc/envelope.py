"""MEXC's frames: protobuf pushes and JSON replies."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from feedtree.exchanges.mexc.proto.spot_pb2 import PushDataV3ApiWrapper
from feedtree.ops.sim import frames

_encode = msgspec.json.Encoder().encode

SYMBOL_ID = "2fb942154ef44a4ab2ef98c8afb6a4a7"  # of BTCUSDT; the simulator tells it for every symbol


class ClientFrame(Struct):
    """What a client sends.

    Args:
        method: ``SUBSCRIPTION``, ``UNSUBSCRIPTION`` or ``PING``.
        params: topics.
        id: echoed in the reply; 0 where there is none.
    """

    method: str
    params: list[str] | None = None
    id: Any = 0


def push(wrapper: PushDataV3ApiWrapper) -> bytes:
    """Return a data frame."""
    return frames.binary(wrapper.SerializeToString())


def reply(number: Any, text: str, code: int = 0) -> bytes:
    """Return the answer to a request."""
    return frames.text(_encode({"id": number, "code": code, "msg": text}))


def accepted_text(topics: Sequence[str]) -> str:
    """Return what MEXC says where all topics are subscribed."""
    return ",".join(topics)


def refused_text(topics: Sequence[str]) -> str:
    """Return what MEXC says of refused topics: the colon is U+FF1A, and blanks stand where they stand there."""
    return f"Not Subscribed successfully! [{','.join(topics)}].  Reason： Blocked! "


def mixed_text(taken: Sequence[str], refused: Sequence[str]) -> str:
    """Return what MEXC says where some topics are subscribed."""
    return f"Subscribed successful! [{','.join(taken)}]. {refused_text(refused)}"
