"""Who asks: Gate.io's signatures, timestamps, addresses and permissions.

All signatures are lower-case hex HMAC-SHA512 under the secret.
"""

import hashlib
import hmac
from collections.abc import Mapping

from feedtree.ops.http import Request
from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.config import READ, TRADE
from feedtree.ops.sim.gateio.denied import Denied
from feedtree.ops.sim.switches import GateioSwitches

_WINDOW_S = 60

_EXPIRED = Denied(
    403, "REQUEST_EXPIRED", f"gap between request Timestamp and server time exceeds {_WINDOW_S}"
)
_NO_KEY = Denied(401, "INVALID_KEY", "Invalid key provided")


def sign(secret: str, text: str) -> str:
    """Return the signature of a text."""
    return hmac.new(secret.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha512).hexdigest()


def rest_text(request: Request, timestamp: str) -> str:
    """Return what a REST request's signature is of."""
    query = request.target.partition("?")[2]
    body = hashlib.sha512(request.body).hexdigest()
    return "\n".join((request.method, request.path, query, body, timestamp))


class Identity:
    """Tells whose request one is, and whether it may be.

    Args:
        accounts: by key.
        switches: of the venue.
    """

    def __init__(self, accounts: Mapping[str, Account], switches: GateioSwitches) -> None:
        self._accounts = accounts
        self._switches = switches

    def of_request(self, request: Request, now_ns: int) -> Account:
        """Return whose a REST request is.

        Raises:
            Denied: nobody's who may use it; a wrong timestamp is found before a wrong key.
        """
        headers = {name.decode(): value.decode("latin-1") for name, value in request.headers}
        for name in ("Timestamp", "KEY", "SIGN"):
            if not headers.get(name.lower()):
                raise Denied(400, "MISSING_REQUIRED_HEADER", f"Missing required header: {name}")
        self._check_time(headers["timestamp"], now_ns)
        text = rest_text(request, headers["timestamp"])
        return self._checked(headers["key"], headers["sign"], text, request.host)

    def of_subscription(
        self, channel: str, event: str, time: object, auth: object, host: str, now_ns: int
    ) -> Account:
        """Return whose a private subscribe or unsubscribe is.

        Raises:
            Denied: see `of_request`.
        """
        if not isinstance(auth, dict) or auth.get("method") != "api_key":
            raise _NO_KEY
        self._check_time(time, now_ns)
        text = f"channel={channel}&event={event}&time={time}"
        return self._checked(auth.get("KEY"), auth.get("SIGN"), text, host)

    def of_login(
        self, channel: str, payload: Mapping[str, object], param: str, host: str, now_ns: int
    ) -> Account:
        """Return whose an API request over the websocket is that carries a signature.

        Args:
            channel: ``spot.login``, or that of the call.
            payload: has ``api_key``, ``signature`` and ``timestamp``.
            param: the exact JSON text of ``req_param``, empty for a login.
            host: the caller's address.
            now_ns: the venue's time.

        Raises:
            Denied: see `of_request`.
        """
        timestamp = payload.get("timestamp")
        self._check_time(timestamp, now_ns)
        text = "\n".join(("api", channel, param, str(timestamp)))
        return self._checked(payload.get("api_key"), payload.get("signature"), text, host)

    def check(self, account: Account, permission: str) -> None:
        """See that a key may do something.

        Raises:
            Denied: it may not.
        """
        denied = self._switches.deny_permission
        if permission in account.config.permissions and denied not in (permission, "all"):
            return
        if permission == TRADE and READ in account.config.permissions:
            raise Denied(403, "READ_ONLY", "API key is read only")
        raise Denied(403, "FORBIDDEN", "API key does not have spot permission")

    def _check_time(self, stated: object, now_ns: int) -> None:
        text = str(stated)
        if not text.isdecimal() or len(text) > 12 or abs(int(text) - now_ns // 10**9) > _WINDOW_S:
            raise _EXPIRED

    def _checked(self, key: object, signature: object, text: str, host: str) -> Account:
        account = self._accounts.get(str(key))
        if account is None:
            raise _NO_KEY
        if not hmac.compare_digest(sign(account.config.secret, text), str(signature)):
            raise Denied(401, "INVALID_SIGNATURE", "Signature mismatch")
        if self._switches.deny_ip or (account.config.ips and host not in account.config.ips):
            raise Denied(403, "IP_FORBIDDEN", f"IP {host} is not in the whitelist")
        return account
