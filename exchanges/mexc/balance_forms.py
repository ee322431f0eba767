"""MEXC's balances in this project's words, from pushes and from REST. Pure."""

from feedtree.exchanges.mexc.account_messages import BalanceRow
from feedtree.exchanges.mexc.proto.spot_pb2 import PrivateAccountV3Api
from feedtree.exchanges.mexc.wire_values import MS, ZERO, amount
from feedtree.exchanges.private.balances import BalanceChange
from feedtree.exchanges.private.messages import Balance


def balance_from_row(row: BalanceRow) -> Balance:
    """Translate a balance as REST tells it.

    Raises:
        ValueError: an amount is none.
    """
    return Balance(row.asset, amount(row.free) or ZERO, amount(row.locked) or ZERO)


def balance_from_push(body: PrivateAccountV3Api, created_ms: int) -> BalanceChange:
    """Translate a change of one asset, told by what is available and what is frozen after it.

    Args:
        body: of the push.
        created_ms: when the push was made, 0 where it does not say. The body's own time may be minutes older (of a
            transfer it was rounded down, and two minutes back), so that it does not order pushes.

    Raises:
        ValueError: it names no asset or no time, or an amount is none.
    """
    time_ms = created_ms or body.time
    if not body.vcoinName or not time_ms:
        raise ValueError("a balance without an asset or a time")
    return BalanceChange(
        balance=Balance(
            body.vcoinName, amount(body.balanceAmount) or ZERO, amount(body.frozenAmount) or ZERO
        ),
        reason=body.type,
        venue_ns=time_ms * MS,
        available=amount(body.balanceAmountChange),
        locked=amount(body.frozenAmountChange),
    )
