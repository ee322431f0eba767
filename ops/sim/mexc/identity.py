"""Who asks: MEXC's signatures, time windows, addresses and permissions.

A signature is lower-case hex HMAC-SHA256 under the secret, of query string and body as they were sent, joined by
nothing, without the signature itself.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from feedtree.ops.http import Request
from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.mexc.denied import Denied, missing
from feedtree.ops.sim.switches import MexcSwitches

_WINDOW_MS = 5_000
_LONGEST_MS = 60_000
_AHEAD_MS = 1_000
_LOWER_ESCAPE = re.compile("%(?:[a-f][0-9a-fA-F]|[0-9A-F][a-f])")

Params = Mapping[str, str]


def sign(secret: str, text: str) -> str:
    """Return the signature of a text."""
    return hmac.new(secret.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def signed_text(request: Request) -> str:
    """Return what a request's signature is of: escapes are in upper case, however they were sent."""
    text = "".join("&".join(_unsigned(part)) for part in _parts(request))
    return _LOWER_ESCAPE.sub(lambda found: found.group().upper(), text)


def parameters(request: Request) -> Params:
    """Return the parameters of query and body; the query counts where both name one."""
    query, body = (dict(parse_qsl(part, keep_blank_values=True)) for part in _parts(request))
    return {**body, **query}


class Identity:
    """Tells whose request one is, and whether it may be.

    Args:
        accounts: by key.
        switches: of the venue.
    """

    def __init__(self, accounts: Mapping[str, Account], switches: MexcSwitches) -> None:
        self._accounts = accounts
        self._switches = switches

    def of_request(self, request: Request, params: Params, now_ns: int, *, signed: bool = True) -> Account:
        """Return whose a request is.

        Args:
            request: as it came.
            params: of it.
            now_ns: the venue's time.
            signed: False where the key alone is enough.

        Raises:
            Denied: nobody's who may use it.
        """
        if not key_of(request):
            raise Denied(400, "api key required")
        account = self._accounts.get(key_of(request))
        if account is None:
            raise Denied(10072, "invalid access key")
        if signed or "signature" in params:
            _check_signature(account, request, params)
            self.check_time(params, now_ns)
        if self._switches.deny_ip or (account.config.ips and request.host not in account.config.ips):
            raise Denied(
                700006, f"IP [{request.host}] not in the ip white list", status=self._switches.denied_status
            )
        return account

    def check(self, account: Account, permission: str) -> None:
        """See that a key may do something.

        Raises:
            Denied: it may not.
        """
        if permission not in account.config.permissions or self._switches.deny_permission in (
            permission,
            "all",
        ):
            raise Denied(700007, "No permission to access the endpoint", status=self._switches.denied_status)

    def check_time(self, params: Params, now_ns: int) -> None:
        """See that a request's time is the venue's, within the window that it states.

        Raises:
            Denied: it is not.
        """
        now_ms, window_ms = now_ns // 10**6, _number(params, "recvWindow", _WINDOW_MS)
        if window_ms > _LONGEST_MS:
            raise Denied(700005, "recvWindow must less than 60000")
        stamp_ms = _number(params, "timestamp", 0)
        if stamp_ms >= now_ms + _AHEAD_MS or now_ms - stamp_ms > window_ms:
            raise Denied(700003, "Timestamp for this request is outside of the recvWindow.")


def key_of(request: Request) -> str:
    """Return the key that a request names; empty for none."""
    return next((value.decode("latin-1") for name, value in request.headers if name == b"x-mexc-apikey"), "")


def _check_signature(account: Account, request: Request, params: Params) -> None:
    for name in ("timestamp", "signature"):
        if not params.get(name):
            raise missing(name)
    expected = sign(account.config.secret, signed_text(request))
    if not hmac.compare_digest(expected.encode(), params["signature"].encode("utf-8", "replace")):
        raise Denied(700002, "Signature for this request is not valid.")


def _parts(request: Request) -> tuple[str, str]:
    return request.target.partition("?")[2], request.body.decode("utf-8", "surrogateescape")


def _unsigned(part: str) -> Iterator[str]:
    return (pair for pair in part.split("&") if not pair.startswith("signature="))


def _number(params: Params, name: str, default: int) -> int:
    text = params.get(name, str(default))
    if not text.isdecimal() or len(text) > 15:
        raise missing(name)
    return int(text)
