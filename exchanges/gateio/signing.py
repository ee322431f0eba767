"""How Gate.io wants requests signed: HMAC-SHA512 in lower-case hex, over a text that depends on the door. Pure.

Times are the venue's, in whole seconds; it takes what is at most 60 s off.
"""

import hmac
from hashlib import sha512

from feedtree.exchanges.credentials import Credentials, Secret


def rest_signature(secret: Secret, method: str, path: str, query: str, body: bytes, time: int) -> str:
    """Sign a REST call.

    Args:
        secret: the account's.
        method: ``GET``, ``POST``, in upper case.
        path: with ``/api/v4``.
        query: as it is sent, without ``?``; empty where there is none.
        body: the very bytes that are sent.
        time: UTC seconds.

    Source:
        REST page v4.105.4, "Generate signature"; its two examples are the test's vectors.
    """
    return _sign(secret, "\n".join((method, path, query, sha512(body).hexdigest(), str(time))))


def rest_headers(
    credentials: Credentials, method: str, path: str, query: str, body: bytes, time: int
) -> dict[str, str]:
    """Return the headers that make a REST call the account's; arguments as `rest_signature`."""
    return {
        "KEY": credentials.key.reveal(),
        "Timestamp": str(time),
        "SIGN": rest_signature(credentials.secret, method, path, query, body, time),
    }


def channel_signature(secret: Secret, channel: str, event: str, time: int) -> str:
    """Sign a subscription to a private channel, or its end.

    Args:
        secret: the account's.
        channel: ``spot.orders``.
        event: ``subscribe`` or ``unsubscribe``.
        time: the request's own ``time``.
    """
    return _sign(secret, f"channel={channel}&event={event}&time={time}")


def api_signature(secret: Secret, channel: str, parameters: str, time: int) -> str:
    """Sign a call of the websocket API.

    Args:
        secret: the account's.
        channel: ``spot.login``.
        parameters: the text of ``req_param`` as it is sent; empty for a login.
        time: the ``timestamp`` of the payload.
    """
    return _sign(secret, "\n".join(("api", channel, parameters, str(time))))


def _sign(secret: Secret, text: str) -> str:
    return hmac.new(secret.reveal().encode(), text.encode(), sha512).hexdigest()
