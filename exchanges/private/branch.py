"""The branch of the tree that carries an account.

gateio.spot         venue supervisor, dynamic
└── main            account supervisor, one_for_one; a bulkhead
    ├── stream      dynamic: slot a, and b while it takes over
    │   └── a       the session; with a listen key rest_for_one: lease, session
    └── orders      and whatever else is given beside the stream
"""

from collections.abc import Sequence
from functools import partial

from feedtree.exchanges.private.account import Account
from feedtree.exchanges.private.lease import Lease
from feedtree.exchanges.private.session import run_session
from feedtree.supervisors import BackoffPolicy, ChildSpec, Spec, Strategy, SupervisorSpec

STREAM = "stream"
SESSION_STOP = 0.5  # seconds for a session to end
LEASE_STOP = 0.1
INTENSITY = (5, 60.0)  # restarts that count, within seconds


class Branch:
    """Makes the specs of one account's branch; a restart brings back the slots of that moment.

    Args:
        account: whose branch it is.
        beside: what stands beside the stream, in start order.
        park: whether the account is parked when it fails too often; otherwise the tree fails with it.
    """

    def __init__(self, account: Account, beside: Sequence[Spec], *, park: bool) -> None:
        self._account = account
        self._beside = beside
        self._park = park
        self._backoff = BackoffPolicy()

    def account(self) -> SupervisorSpec:
        """Return the account supervisor's spec."""
        intensity, period = INTENSITY
        stream = SupervisorSpec(
            id=STREAM, children=self._slots, dynamic=True, intensity=intensity, period=period
        )
        return SupervisorSpec(
            id=self._account.name,
            children=[stream, *self._beside],
            intensity=intensity,
            period=period,
            bulkhead=True,
            essential=not self._park,
        )

    def _slots(self) -> Sequence[Spec]:
        return [self.slot(name) for name in self._account.slots.wanted]

    def slot(self, name: str) -> Spec:
        """Return the spec of one slot."""
        lease = self._account.lease(name)
        if lease is None:
            return self._session(name, name, None)
        intensity, period = INTENSITY
        holder = ChildSpec(id="lease", start=lease.run, shutdown=LEASE_STOP, backoff=self._backoff)
        return SupervisorSpec(
            id=name,
            children=[holder, self._session("session", name, lease)],
            strategy=Strategy.REST_FOR_ONE,
            intensity=intensity,
            period=period,
        )

    def _session(self, id: str, slot: str, lease: Lease | None) -> ChildSpec:  # noqa: A002 - OTP's word
        start = partial(run_session, self._account, slot, lease)
        return ChildSpec(id=id, start=start, shutdown=SESSION_STOP, backoff=self._backoff)
