"""How an account's orders are handled, in a config."""

from decimal import Decimal
from pathlib import Path

import pytest

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.private.order_limits import HardLimits
from feedtree.exchanges.private.order_options import DoorChoice, OpenOrders, OrderOptions
from feedtree.exchanges.symbols import Symbol
from feedtree.ops import Account, ConfigError, load_config

HELD = Credentials("key", "secret")


def written(folder: Path, *lines: str) -> Path:
    for name in ("key", "secret"):
        (folder / name).write_text(name)
        (folder / name).chmod(0o600)
    file = folder / "config.toml"
    sources = ('[accounts."gateio.spot".main]', 'key_file = "key"', 'secret_file = "secret"')
    file.write_text("\n".join((*sources, *lines)))
    return file


def test_a_table_says_how_orders_are_handled(tmp_path: Path) -> None:
    """Amounts are decimals in quotes: a TOML number is a float."""
    file = written(
        tmp_path,
        '[accounts."gateio.spot".main.orders]',
        'door = "rest"',
        'on_stop = "cancel_all"',
        'on_inconsistent = "keep"',
        "dead_mans_switch = 30",
        "most_wait = 0.5",
        '[accounts."gateio.spot".main.orders.limits]',
        'order_size = { "btc/usdt" = "0.5" }',
        'notional = { usdt = "1000" }',
        "open_orders = 20",
        "orders_per_s = 5",
    )
    options = load_config(file).accounts["gateio.spot"]["main"].orders
    assert options == OrderOptions(
        door=DoorChoice.REST,
        on_stop=OpenOrders.CANCEL_ALL,
        dead_mans_switch=30,
        most_wait=0.5,
        limits=HardLimits(
            order_size={Symbol("BTC", "USDT"): Decimal("0.5")},
            notional={"USDT": Decimal(1000)},
            open_orders=20,
            orders_per_s=5,
        ),
    )


def test_an_app_may_give_options(tmp_path: Path) -> None:
    """Or nothing, which is the usual handling."""
    options = OrderOptions(on_stop=OpenOrders.CANCEL_ALL)
    assert Account(credentials=HELD, orders=options).orders is options
    assert Account(credentials=HELD).orders == OrderOptions()


@pytest.mark.parametrize(
    ("orders", "words"),
    [
        ("keep", 'orders: "keep" is no table; allowed: a table [orders]'),
        ({"dor": "rest"}, 'orders.dor: "dor" is unknown (did you mean "door"?); allowed: door, on_stop'),
        ({"door": "fax"}, 'orders.door: "fax" is unknown; allowed: websocket, rest'),
        ({"on_stop": "cancel"}, 'orders.on_stop: "cancel" is unknown'),
        ({"on_inconsistent": 1}, "orders.on_inconsistent: 1 is unknown; allowed: keep, cancel_all"),
        ({"dead_mans_switch": 4}, "orders.dead_mans_switch: 4 is no time to wait; allowed: whole seconds, 5"),
        ({"dead_mans_switch": True}, "orders.dead_mans_switch: true is no time"),
        ({"most_wait": -1}, "orders.most_wait: -1 is no time to wait; allowed: seconds, 0 or more"),
        ({"most_wait": "1"}, 'orders.most_wait: "1" is no time'),
        ({"limits": 3}, "orders.limits: 3 is no table; allowed: a table [limits]"),
        ({"limits": {"order_size": "1"}}, 'orders.limits.order_size: "1" is no table; allowed: { "BTC/USDT"'),
        (
            {"limits": {"order_size": {"BTCUSDT": "1"}}},
            "orders.limits.order_size.BTCUSDT: 'BTCUSDT' is not a symbol",
        ),
        (
            {"limits": {"notional": {"USDT": 1000.0}}},
            "orders.limits.notional.USDT: 1000.0 is no amount; allowed: a decimal in quotes",
        ),
        ({"limits": {"notional": {"USDT": "-1"}}}, 'orders.limits.notional.USDT: "-1" is no amount'),
        ({"limits": {"notional": {"USDT": "much"}}}, 'orders.limits.notional.USDT: "much" is no amount'),
        ({"limits": {"open_orders": 0}}, "orders.limits.open_orders: 0 is not a whole number"),
    ],
)
def test_what_is_wrong_is_told_by_place_and_remedy(orders: object, words: str) -> None:
    """As everywhere in a config."""
    with pytest.raises(ConfigError) as wrong:
        Account(credentials=HELD, orders=orders)  # type: ignore[arg-type]
    assert words in str(wrong.value)
