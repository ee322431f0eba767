"""The config file and the config in code: what is accepted, and how a mistake is named."""

import subprocess
import sys
from pathlib import Path

import pytest

from feedtree.exchanges.public.channels import Book, BookTicker, Kline, Trades
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.config import Config, ConfigError, Metrics, Venue, Watch
from feedtree.ops.config_file import load_config
from feedtree.ops.run import simulated
from feedtree.ops.run_plan import make_plan
from feedtree.ops.sim_process import SimAddresses, VenueAddresses

GATE = '[venues."gateio.spot"]\nsymbols = ["BTC/USDT"]\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "feedtree.toml"
    path.write_text(text)
    return path


def test_a_full_file_is_read(tmp_path: Path) -> None:
    """Every key of a venue table is decoded to its value."""
    (tmp_path / "ca.pem").write_text("")
    path = written(
        tmp_path,
        """
        [venues."gateio.spot"]
        symbols = ["BTC/USDT", "eth/usdt"]
        channels = ["book:20ms:50", "trades", "kline:1h"]
        ws_url = "wss://127.0.0.1:8443/ws/v4/"
        rest_url = "https://127.0.0.1:8443/api/v4"
        ca_file = "ca.pem"
        local_address = "127.0.0.1"
        proxy = "http://user:secret@proxy:3128"
        enabled = false
        redundancy = 2
        read = "coalesce:0.002"
        delivery = "tap"
        topics_per_connection = 1000
        [venues."mexc.spot"]
        symbols = ["BTC/USDT"]
        [watch]
        stall_after = 0
        accounting = true
        on_stuck = "exit"
        [metrics]
        port = 0
        host = "::1"
        """,
    )
    config = load_config(path)
    gate = config.venues["gateio.spot"]
    assert gate.symbols == (Symbol("BTC", "USDT"), Symbol("ETH", "USDT"))
    assert gate.channels == (Book(speed="20ms", depth=50), Trades(), Kline("1h"))
    assert gate.ca_file == str(tmp_path / "ca.pem")
    assert (gate.enabled, gate.redundancy, gate.delivery) == (False, 2, "tap")
    assert (gate.read_mode, gate.coalesce_s) == ("coalesce", 0.002)
    assert gate.topics_per_connection == 1000
    mexc = config.venues["mexc.spot"]
    assert mexc.channels == (Book(), Trades(), BookTicker())
    assert (mexc.ws_url, mexc.enabled, mexc.redundancy) == (None, True, 1)
    assert (mexc.read_mode, mexc.coalesce_s) == ("wait", 0.0)
    assert config.watch == Watch(stall_after=0, accounting=True, on_stuck="exit")
    assert config.metrics == Metrics(port=0, host="::1")
    assert Config(venues={}).metrics is None
    assert Config(venues={}).watch == Watch(stall_after=0.05, accounting=False, on_stuck="wait")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('[venues."gateio.sopt"]', ['venues."gateio.sopt"', '"gateio.spot"?', "allowed: gateio.spot"]),
        ("[venues.gateio.spot]", ["venues.gateio.spot", "quotes", '[venues."gateio.spot"]']),
        ("[venue]", ["venue:", 'did you mean "venues"']),
        ("venues = 3", ["venues: 3", "table"]),
        ('[venues."gateio.spot"]', ['venues."gateio.spot".symbols', "missing", '["BTC/USDT"]']),
        (GATE + "chanels = []", ['venues."gateio.spot".chanels', '"channels"', "allowed: symbols"]),
        (GATE + "channels = []", ['venues."gateio.spot".channels', "one channel or more"]),
        (GATE + 'channels = ["boook"]', [".channels[0]", '"boook"', '"book"?', "trades, book_ticker"]),
        (GATE + 'channels = ["book:30ms"]', [".channels[0]", '"book:30ms"', "10ms|20ms|100ms"]),
        (GATE + 'channels = ["kline:2m"]', ['"kline:2m"', "1m|5m"]),
        (GATE + 'channels = ["book:100ms:0"]', ["depth 0", "1 level or more"]),
        (GATE + "channels = [5]", [".channels[0]: 5"]),
        (GATE.replace("BTC/USDT", "BTCUSDT"), [".symbols[0]", '"BTCUSDT"', "BASE/QUOTE"]),
        (GATE.replace('["BTC/USDT"]', '"BTC/USDT"'), [".symbols", "list"]),
        (GATE.replace('"BTC/USDT"', "7"), [".symbols[0]: 7"]),
        (GATE.replace('"BTC/USDT"', ""), [".symbols", "empty"]),
        (GATE.replace('"BTC/USDT"', '"BTC/USDT", "btc/usdt"'), [".symbols[1]", "twice"]),
        (GATE + 'ws_url = "https://x/"', [".ws_url", '"https://x/"', "ws://host:port/path"]),
        (GATE + 'ws_url = "ws://x:99999/"', [".ws_url", "99999"]),
        (GATE + "rest_url = 1", [".rest_url", "http://host:port/path"]),
        (GATE + 'ca_file = "none.pem"', [".ca_file", "none.pem", "PEM file"]),
        (GATE + "ca_file = 1", [".ca_file: 1", "PEM file"]),
        (GATE + 'local_address = "localhost"', [".local_address", '"localhost"', "IP address"]),
        (GATE + 'enabled = "yes"', [".enabled", '"yes"', "true, false"]),
        (GATE + "redundancy = true", [".redundancy: true", "allowed: 1 or 2 connections"]),
        (GATE + "redundancy = 2.0", [".redundancy: 2.0", "allowed: 1 or 2 connections"]),
        (GATE + "redundancy = 3", [".redundancy: 3", "allowed: 1 or 2 connections"]),
        (GATE + 'read = "spinn"', [".read", '"spin"?', "wait, spin, coalesce"]),
        (GATE + 'read = "coalesce:x"', [".read", '"coalesce:x"', "coalesce:SECONDS"]),
        (GATE + 'read = "wait:1"', [".read", '"wait:1"']),
        (GATE + 'delivery = "tapp"', [".delivery", '"tap"?', "mailbox, tap"]),
        (GATE + "topics_per_connection = 4001", [".topics_per_connection: 4001", "allowed: 1 to 4000"]),
        (GATE + "topics_per_connection = 0", [".topics_per_connection: 0", "allowed: 1 or more"]),
        (GATE + "topics_per_connection = 1.5", [".topics_per_connection: 1.5", "whole number"]),
        (GATE.replace("gateio", "mexc") + "topics_per_connection = 31", ["mexc.spot", "allowed: 1 to 30"]),
        ("watch = 1", ["watch: 1", "table"]),
        ("[watch]\nstall_afer = 1", ["watch.stall_afer", '"stall_after"', "allowed: stall_after"]),
        ("[watch]\nstall_after = -1", ["watch.stall_after: -1", "0 for never"]),
        ("[watch]\nstall_after = true", ["watch.stall_after: true", "seconds"]),
        ("[watch]\naccounting = 1", ["watch.accounting: 1", "true, false"]),
        ('[watch]\non_stuck = "kill"', ["watch.on_stuck", '"kill"', "wait, exit"]),
        ("metrics = 9464", ["metrics: 9464", "table"]),
        ("[metrics]\nprot = 1", ["metrics.prot", '"port"', "allowed: port, host"]),
        ("[metrics]\nport = 65536", ["metrics.port: 65536", "0 for a free one"]),
        ("[metrics]\nport = -1", ["metrics.port: -1"]),
        ("[metrics]\nport = true", ["metrics.port: true"]),
        ('[metrics]\nport = "9464"', ['metrics.port: "9464"']),
        ('[metrics]\nhost = "0.0.0.0"', ['metrics.host: "0.0.0.0"', "127.0.0.1, ::1"]),
        ('[metrics]\nhost = "localhost"', ['metrics.host: "localhost"', "loopback"]),
        ("[metrics]\nhost = 1", ["metrics.host: 1"]),
        ("venues = [", ["is not TOML"]),
    ],
)
def test_a_mistake_is_named_with_file_key_value_and_what_is_allowed(
    tmp_path: Path, text: str, parts: list[str]
) -> None:
    """An error names file, key path, the wrong value, and what is allowed."""
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_an_unreadable_file_is_a_config_error(tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing or no text is named, without a traceback of another kind."""
    path = tmp_path / "feedtree.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"feedtree\.toml"):
        load_config(path)


def test_values_made_in_code_are_checked_likewise() -> None:
    """A wrong value in code raises the same error, with the same words."""
    with pytest.raises(ConfigError, match=r'symbols\[0\]: "BTC" is not a symbol'):
        Venue(symbols=["BTC"])
    with pytest.raises(ConfigError, match="delivery"):
        Venue(symbols=["BTC/USDT"], delivery="tab")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r'venues\."binance"'):
        Config(venues={"binance": Venue(symbols=["BTC/USDT"])})
    with pytest.raises(ConfigError, match="is not a Venue"):
        Config(venues={"mexc.spot": {"symbols": ["BTC/USDT"]}})  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match="port: 70000 is not a port"):
        Metrics(port=70_000)
    with pytest.raises(ConfigError, match="is not a Metrics"):
        Config(venues={}, metrics=9464)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="is not a Watch"):
        Config(venues={}, watch={"on_stuck": "exit"})  # type: ignore[arg-type]


def test_symbols_and_channels_may_be_values() -> None:
    """`Symbol` and channel values are as good as their plain names."""
    plain = Venue(symbols=["BTC/USDT"], channels=["book", "kline:1m"])
    assert plain == Venue(symbols=[Symbol("BTC", "USDT")], channels=[Book(), Kline("1m")])


def test_a_proxys_credentials_are_never_shown() -> None:
    """Neither repr nor error repeats a secret."""
    venue = Venue(symbols=["BTC/USDT"], proxy="http://user:secret@proxy:3128")
    assert venue.proxy == "http://user:secret@proxy:3128"
    assert "secret" not in repr(Config(venues={"mexc.spot": venue}))
    with pytest.raises(ConfigError) as caught:
        Venue(symbols=["BTC/USDT"], proxy="socks5://user:secret@proxy:3128")
    assert "secret" not in str(caught.value)


def test_config_imports_nothing_heavy() -> None:
    """An embedding app pays for no terminal, HTTP or command-line library."""
    code = (
        "import sys, feedtree.ops.config; print([m for m in ('rich','httpx','cyclopts') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert ran.stdout.strip() == "[]"


def test_the_command_line_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    """A config keeps watch and metrics when symbols are chosen, or simulated venues take the place of the real ones."""
    path = written(tmp_path, GATE + '[watch]\non_stuck = "exit"\n[metrics]\nport = 9\n')
    plan = make_plan(path, simulated=True, symbols="ETH/USDT")
    assert plan.config.venues["gateio.spot"].symbols == (Symbol("ETH", "USDT"),)
    assert plan.config.watch.on_stuck == "exit"
    venues = {"gateio.spot": VenueAddresses(ws="ws://127.0.0.1:9/", rest="http://127.0.0.1:9")}
    assert simulated(plan.config, SimAddresses(venues=venues, control="")).watch.on_stuck == "exit"
    assert simulated(plan.config, SimAddresses(venues=venues, control="")).metrics == Metrics(port=9)
    other = make_plan(written(tmp_path, GATE + '[metrics]\nhost = "::1"\n'), metrics_port=7)
    assert other.config.metrics == Metrics(port=7, host="::1")
    assert make_plan(metrics_port=0).config.metrics == Metrics(port=0)
    assert make_plan().config.metrics is None
