"""What the venue answers in text frames, on public and private connections alike.

A refusal has code 0 and a text, which says which topics were taken and which not:

    Subscribed successful! [a,b]. Not Subscribed successfully! [c].  Reason： Blocked!

Source: text frames recorded 2025-07 and 2026-09; the colon is U+FF1A.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from feedtree.exchanges.controls import Answer, Pong, Undecodable, Unknown

Item = TypeVar("Item")

PING = '{"method":"PING"}'
PONG = '{"method":"PONG"}'  # the documents ask for a pong to the server's ping, and give it no form
INVALID_LISTEN_KEY = "Invalid listen key"  # a bare text, not JSON
SHOWN = 200  # characters of a foreign text in a report
_REFUSED = "Not Subscribed"
_OUTCOME = re.compile(r"(Not )?Subscribed successful(?:ly)?! *\[([^\[\]]*)\]")
_REASON = re.compile(r"Reason\s*[：:]\s*(.*)", re.DOTALL)


class Reply(Struct, gc=False):
    """A text frame: the answer to a subscription, an unsubscription or a PING.

    ``id`` echoes the request's, and is 0 where it had none. A refusal has ``code`` 0 all the same. A ``method``
    stands in a frame that is no answer: the server's own PING.
    """

    id: int | None = None
    code: int | None = None
    msg: str | None = None
    method: str | None = None


_decode = msgspec.json.Decoder(Reply, strict=False).decode


def read_text(
    text: str, settle: Callable[[Reply], Sequence[Item]]
) -> Sequence[Item | Pong | Answer | Unknown | Undecodable]:
    """Translate a text frame.

    Args:
        text: any frame but `INVALID_LISTEN_KEY`.
        settle: reads the answer to a request; empty where it is the answer to none.
    """
    try:
        reply = _decode(text)
    except msgspec.ValidationError:  # JSON, but no reply
        return [Unknown(text[:SHOWN])]
    except (ValueError, RecursionError) as error:
        return [Undecodable(text, str(error))]
    if reply.msg == "PONG":
        return [Pong()]
    if reply.method == "PING":
        return [Answer(PONG)]
    return settle(reply) or [Unknown(text[:SHOWN])]


class Verdict(Struct, frozen=True):
    """What the text of a reply says.

    Args:
        accepted: the topics named as taken.
        refused: the topics named as not taken.
        refuses_all: it is a refusal that names no topic.
        reason: the venue's words.
    """

    accepted: tuple[str, ...]
    refused: tuple[str, ...]
    refuses_all: bool
    reason: str


def read_verdict(text: str) -> Verdict:
    """Read the text of a reply to a subscription; what is not a refusal is a list of topics."""
    reason = _REASON.search(text)
    outcomes = _OUTCOME.findall(text)
    accepted = [key for no, keys in outcomes if not no for key in _keys(keys)]
    refused = [key for no, keys in outcomes if no for key in _keys(keys)]
    refuses_all = not outcomes and text.startswith(_REFUSED)
    return Verdict(
        tuple(accepted if outcomes else _keys(text)),
        tuple(refused),
        refuses_all,
        (reason[1] if reason else text).strip(),
    )


def _keys(text: str) -> list[str]:
    return [key.strip() for key in text.split(",")]
