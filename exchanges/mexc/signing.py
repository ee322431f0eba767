"""How MEXC wants requests signed: HMAC-SHA256 in lower-case hex over all parameters. Pure.

Everything goes into the query, for every method: what the venue signs is the query and the body together, without a
mark between them, and a query alone leaves nothing to be joined wrongly.
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import quote, urlencode

from feedtree.exchanges.credentials import Credentials, Secret

RECV_WINDOW = 5000  # milliseconds for which a request is good; the venue's own default, 60000 at most


def signature(secret: Secret, text: str) -> str:
    """Sign a query, or a query and a body put together.

    Args:
        secret: the account's.
        text: escaped as it is sent, the hex digits of escapes in upper case.

    Source:
        spot documentation 2025-08-08, "SIGNED endpoint security"; its example is the test's vector.
    """
    return hmac.new(secret.reveal().encode(), text.encode(), sha256).hexdigest()


def signed_query(
    secret: Secret, parameters: Mapping[str, str], time_ms: int, *, recv_window: int = RECV_WINDOW
) -> str:
    """Return the query of a signed call, without ``?``.

    Args:
        secret: the account's.
        parameters: unescaped, in the order in which they are to be sent.
        time_ms: UTC milliseconds by the venue's clock.
        recv_window: milliseconds after which the venue refuses the request: its expiry.
    """
    everything = {**parameters, "recvWindow": str(recv_window), "timestamp": str(time_ms)}
    query = urlencode(everything, quote_via=quote, safe="")
    return f"{query}&signature={signature(secret, query)}"


def headers(credentials: Credentials) -> dict[str, str]:
    """Return the headers that name the account."""
    return {"X-MEXC-APIKEY": credentials.key.reveal(), "Content-Type": "application/json"}
