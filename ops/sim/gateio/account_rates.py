"""Gate.io's limits of private calls: orders by pair and second, cancels by second, the rest in ten seconds."""

from typing import Literal, TypeAlias

from msgspec import Struct

from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.budget import WindowBudget
from feedtree.ops.sim.gateio.denied import Denied
from feedtree.ops.sim.switches import GateioSwitches
from feedtree.ops.sim.venue import NS

Kind: TypeAlias = Literal["order", "cancel", "other"]


class Rate(Struct, frozen=True):
    """How a limit stands after a request.

    Args:
        left: requests that remain; below 0: this one is over it.
        limit: of the window; 0 for none.
        resets_s: when the window ends, UTC.
    """

    left: int
    limit: int
    resets_s: int

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return what REST answers tell of it."""
        if not self.limit:
            return ()
        return (
            ("X-Gate-RateLimit-Requests-Remain", str(max(0, self.left))),
            ("X-Gate-RateLimit-Limit", str(self.limit)),
            ("X-Gate-RateLimit-Reset-Timestamp", str(self.resets_s)),
        )

    def fields(self, reset_name: str) -> dict[str, str]:
        """Return what the WebSocket API's headers tell of it."""
        if not self.limit:
            return {}
        return {
            "x_gate_ratelimit_requests_remain": str(max(0, self.left)),
            "x_gate_ratelimit_limit": str(self.limit),
            reset_name: str(self.resets_s),
        }

    def check(self) -> None:
        """See that the request was within the limit.

        Raises:
            Denied: it was not.
        """
        if self.left < 0:
            raise Denied(429, "TOO_MANY_REQUESTS", "Request Rate limit Exceeded (211)")


class Rates:
    """Counts private requests by user.

    Args:
        switches: which tell the limits.
    """

    def __init__(self, switches: GateioSwitches) -> None:
        self._switches = switches
        self._windows = {"order": WindowBudget(1), "cancel": WindowBudget(1), "other": WindowBudget(10)}

    def spend(self, account: Account, kind: Kind, what: str, now_ns: int) -> Rate:
        """Count a request.

        Args:
            account: whose.
            kind: which limit.
            what: the pair of an order, the path of another call.
            now_ns: UTC.
        """
        switches = self._switches
        limits = {
            "order": switches.order_limit,
            "cancel": switches.cancel_limit,
            "other": switches.rest_limit,
        }
        what = "" if kind == "cancel" else what
        left, resets_s = self._windows[kind].spend(
            str(account.config.uid), what, 1, limits[kind], now_ns / NS
        )
        return Rate(left, limits[kind], int(resets_s))
