"""Which side of a venue is broken by what is done to a simulated exchange itself."""

from collections.abc import Iterable, Mapping

from feedtree.ops.chaos.testing.exchange import SIDES, Side

SIMULATED: Mapping[str, tuple[Side, ...]] = {
    "reset": SIDES,
    "close": SIDES,
    "blackhole": SIDES,
    "mute": ("public",),
    "refuse": SIDES,
    "gap": ("public",),
    "standstill": ("public",),
    "repeat": ("public",),
    "garbage": SIDES,
    "notice": SIDES,
    "private_gap": ("private",),
    "private_repeat": ("private",),
    "listen_keys": ("private",),
    "fills": (),  # breaks nothing
}

_PRIVATE = ("private_", "order_", "listen_key_", "deny_", "api_", "cancel_", "text_")
_PRIVATE_ALONE = frozenset({"expiry_checked", "halted", "impossible_orders", "late_cancel", "no_funds"})
_PUBLIC = ("obu_", "update_")
_PUBLIC_ALONE = frozenset(
    {
        "snapshot_lag_s",
        "skip_every",
        "repeat_every",
        "own_windows",
        "book_limit_max",
        "trades_lag_s",
        "candle_w",
    }
)


def of_switches(names: Iterable[str]) -> list[Side]:
    """Return the sides that any of some switches can break; both where that is not sure."""
    found = {side for name in names for side in _of_switch(name)}
    return [side for side in SIDES if side in found]


def _of_switch(name: str) -> tuple[Side, ...]:
    if name.startswith(_PRIVATE) or name in _PRIVATE_ALONE:
        return ("private",)
    if name.startswith(_PUBLIC) or name in _PUBLIC_ALONE:
        return ("public",)
    return SIDES
