"""Every example of the README and the docs, as written, against simulated exchanges."""

import re
import ssl
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trio
import trustme

from feedtree.exchanges.gateio.venue import GATEIO_SPOT
from feedtree.exchanges.mexc.venue import MEXC_SPOT
from feedtree.exchanges.wire.target import tls_context
from feedtree.ops.config_file import load_config
from feedtree.ops.sim.accounts.config import DEMO_KEY, DEMO_SECRET

ROOT = Path(__file__).parents[2]
# The examples of docs/supervision.md need no exchange: tests/supervisors/test_document.py runs them.
DOCUMENTS = [ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in ("design", "accounts", "gaps"))]
HOSTS = [
    str(urlsplit(url).hostname)
    for venue in (GATEIO_SPOT, MEXC_SPOT)
    for url in (venue.endpoint.ws_url, venue.endpoint.rest_url)
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[Any]:
    """The code blocks of a language, named by document and line."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text()
        for match in BLOCK.finditer(text):
            if match[1] == language:
                line = text[: match.start()].count("\n") + 1
                found.append(pytest.param(match[2], id=f"{document.name}:{line}"))
    return found


class Redirected:
    """A network on which every host is the simulated exchanges."""

    def __init__(self, network: Any) -> None:
        self._network = network

    async def dial(self, host: str, port: int, **options: Any) -> Any:
        options["server_hostname"] = options.get("server_hostname") or host
        return await self._network.dial("127.0.0.1", 9000, **options)

    async def listen(self, *args: Any, **options: Any) -> Any:
        raise AssertionError("an app listens nowhere")


@pytest.fixture
def venues_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server's context for the venues' real names, signed by an authority that the system trusts meanwhile."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*HOSTS).configure_cert(context)
    tls_context.cache_clear()
    yield context
    tls_context.cache_clear()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys that the examples read from the environment."""
    monkeypatch.setenv("GATE_KEY", DEMO_KEY)
    monkeypatch.setenv("GATE_SECRET", DEMO_SECRET)


@pytest.mark.parametrize("code", blocks("python"))
async def test_an_example_runs_as_written(
    autojump_clock, lab, venues_context, monkeypatch, capsys, code: str
) -> None:
    """The example starts, prints what it promises, hears of a lost stream, and stops when it is cancelled."""
    body, end, rest = code.partition("\ntrio.run(main)")
    assert end, "an example ends with trio.run(main)"
    assert not rest.strip()
    namespace: dict[str, Any] = {"__name__": "example"}
    exec(compile(body, "example", "exec"), namespace)
    async with lab(tls=venues_context) as exchanges:
        monkeypatch.setattr("feedtree.ops.app.TcpNetwork", lambda: Redirected(exchanges.network))
        with trio.move_on_after(6) as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(namespace["main"])
                await trio.sleep(3)
                for venue in ("gateio.spot", "mexc.spot"):
                    exchanges.inflict(venue, "reset")
        assert scope.cancelled_caught
    assert len(capsys.readouterr().out.splitlines()) > 10


@pytest.mark.parametrize("text", blocks("toml"))
def test_a_config_example_is_a_config(tmp_path: Path, text: str) -> None:
    """The TOML examples decode strictly."""
    file = tmp_path / "config.toml"
    file.write_text(text)
    config, written = load_config(file), tomllib.loads(text)
    assert set(config.venues) == set(written.get("venues", {}))
    assert set(config.accounts) == set(written.get("accounts", {}))
