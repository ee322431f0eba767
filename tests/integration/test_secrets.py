"""No key, secret, signature or listen key shows in anything that a tree emits."""

import logging
import traceback
from random import Random
from typing import Any

import pytest
import structlog
import trio

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.mexc.spot_private import MexcSpotPrivateCodec
from feedtree.ops import Config, open_tree
from feedtree.ops.sim.accounts.config import DEMO_KEY, DEMO_SECRET

WRONG = "a-wrong-secret-for-the-second"


def dump(node: Any) -> str:
    return repr(node) + "".join(dump(child) for child in node.children)


async def test_nothing_that_a_tree_emits_holds_a_secret(
    autojump_clock, lab, mexc_trader, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Logs of every level, the tree with its crash reports and events, messages and views, and what is raised."""
    emitted: list[str] = []

    def note(logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
        emitted.append(repr(event))
        error = event.get("exc_info") or event.get("error")
        if isinstance(error, BaseException):
            emitted.append("".join(traceback.format_exception(error)))
        raise structlog.DropEvent

    caplog.set_level(logging.DEBUG)
    log = structlog.wrap_logger(None, processors=[note])
    async with lab(rate=50.0) as exchanges:
        accounts = {
            "gateio.spot": {
                "main": exchanges.account_config(),
                "bad": exchanges.account_config(credentials=Credentials(DEMO_KEY, WRONG)),
            },
            "mexc.spot": {
                "main": exchanges.account_config("mexc.spot"),
                "bad": exchanges.account_config("mexc.spot", credentials=Credentials(DEMO_KEY, WRONG)),
            },
        }
        config = Config({}, accounts=accounts)
        async with open_tree(
            config,
            network=exchanges.network,
            wall_ns=lambda: WALL + int(trio.current_time() * 1e9),
            rng=Random(1),
            log=log,
        ) as running:
            mailbox = running.private.mailbox()
            for venue in accounts:
                await running.accounts[f"{venue}/main"].wait_live(5.0)
            orders = mexc_trader(exchanges)
            await orders.place("buy", orders.touch("buy"))
            exchanges.inflict("mexc.spot", "reset")
            await trio.sleep(2.0)
            exchanges.turn("mexc.spot", private_rest_status=503, listen_key_life_s=1.0)
            exchanges.inflict("gateio.spot", "close")
            await trio.sleep(5.0)
            exchanges.turn("mexc.spot", private_rest_status=0, listen_key_life_s=3600.0)
            await trio.sleep(10.0)
            monkeypatch.setattr(MexcSpotPrivateCodec, "decode", lambda self, payloads, ns: 1 / 0)
            await trio.sleep(20.0)
            emitted += [dump(running.snapshot()), repr(config), repr(vars(running))]
            for key, account in running.accounts.items():
                emitted += [key, repr(account.view), repr(vars(account)), repr(vars(account.account))]
                for slot in ("", "/stream/a", "/stream/a/session", "/stream/a/lease"):
                    try:
                        emitted.append(repr(running.supervisor.crash_reports(account.path + slot)))
                    except Exception as error:
                        emitted.append(repr(error))
            while mailbox.statistics().depth:
                emitted += [repr(message) for message in mailbox.take_nowait()]
        keys = list(exchanges.sim.simulation.venues["mexc.spot"].private.keys._keys)
        assert keys
    emitted.append(caplog.text)
    everything = "\n".join(emitted)
    assert "ZeroDivisionError" in everything
    assert "AuthenticationFailed" in everything
    for secret in (DEMO_KEY, DEMO_SECRET, WRONG, "signature=", *keys):
        assert secret not in everything


WALL = 1_790_000_000_000_000_000
