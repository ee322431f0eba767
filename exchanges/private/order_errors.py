"""What calls about orders raise.

Exception
└── OrderError
    ├── OrderOutcomeUnknown      it went out, and what came of it is not known (yet)
    ├── OrderRefused             a cancel or an amendment was refused: by the venue, or by a check
    │   └── OrderNotFound        the venue has no such order
    ├── NotSupported             this venue does not offer it; nothing was sent
    ├── AccountInconsistent      the account is not known to equal the venue's; nothing was sent
    └── DeskClosed               no order goes out any more; nothing was sent
        └── DeskKilled           because of `OrderDesk.kill`

A wrong type is a TypeError, a call that makes no sense a ValueError, as anywhere.
"""

from feedtree.exchanges.private.orders import RejectReason


class OrderError(Exception):
    """A call about an order did not come to its result."""


class OrderOutcomeUnknown(OrderError):
    """A request went out, and what came of it is not known.

    Of an order: it is looked for, and an `OrderResolved` tells how it ended. Do not place it again before that. Of
    a cancel or an amendment: the order is asked for, and an `OrderUpdate` tells how it stands.

    Attributes:
        client_order_id: of the order; empty where it was named by the venue's id alone.
        order_id: of the order, where it was named by it; empty otherwise.
        doing: ``place``, ``cancel`` or ``amend``.
    """

    def __init__(self, client_order_id: str, why: str, *, order_id: str = "", doing: str = "place") -> None:
        super().__init__(f"{doing} {client_order_id or order_id}: outcome unknown: {why}")
        self.client_order_id = client_order_id
        self.order_id = order_id
        self.doing = doing


class OrderRefused(OrderError):
    """A cancel or an amendment was refused; the order is as it was.

    Attributes:
        reason: in this project's words.
        code: the venue's own code or label, empty where it gave none.
        text: the venue's own text, or the rule that was checked.
    """

    def __init__(self, what: str, reason: RejectReason, code: str, text: str) -> None:
        super().__init__(f"{what}: {reason}: {f'{code} {text}'.strip()}")
        self.reason = reason
        self.code = code
        self.text = text


class OrderNotFound(OrderRefused):
    """The venue has no such order, and the account knows of none."""


class NotSupported(OrderError):
    """This venue does not offer what was asked for. Nothing was sent."""


class AccountInconsistent(OrderError):
    """The account is not known to equal the venue's: an order might be doubled. Nothing was sent.

    Wait with ``when_consistent()``, or say ``allow_inconsistent=True`` where that is no danger.
    """


class DeskClosed(OrderError):
    """The account is closed: nothing goes out. Nothing was sent."""


class DeskKilled(DeskClosed):
    """The desk was killed: no order goes out until the program is started again. Cancels do. Nothing was sent."""
