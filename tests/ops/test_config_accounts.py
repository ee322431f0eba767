"""Accounts in a config: keys come from variables and files, and never show."""

from pathlib import Path
from typing import Any

import pytest

from feedtree.exchanges.credentials import Credentials
from feedtree.ops import Account, Config, ConfigError, load_config

KEY, SECRET = "the-key-itself", "the-secret-itself"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a key and a secret."""
    (tmp_path / "key").write_text(KEY + "\n")
    (tmp_path / "secret").write_text(SECRET + "\n")
    (tmp_path / "secret").chmod(0o600)
    return tmp_path


def written(folder: Path, *lines: str, header: str = '[accounts."gateio.spot".main]') -> Path:
    file = folder / "config.toml"
    file.write_text("\n".join((header, *lines)))
    return file


def test_key_and_secret_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named in the file, and nowhere in what is shown of it."""
    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.setenv("MY_SECRET", SECRET)
    config = load_config(
        written(tmp_path, 'key_env = "MY_KEY"', 'secret_env = "MY_SECRET"', 'symbols = ["BTC/USDT"]')
    )
    account = config.accounts["gateio.spot"]["main"]
    assert (account.credentials.key.reveal(), account.credentials.secret.reveal()) == (KEY, SECRET)
    assert [str(symbol) for symbol in account.symbols] == ["BTC/USDT"]
    for shown in (repr(config), str(config), repr(account), repr(account.credentials)):
        assert KEY not in shown
        assert SECRET not in shown


def test_key_and_secret_come_from_files_beside_the_config(files: Path) -> None:
    """Without the end of their line."""
    config = load_config(written(files, 'key_file = "key"', 'secret_file = "secret"'))
    account = config.accounts["gateio.spot"]["main"]
    assert (account.credentials.key.reveal(), account.credentials.secret.reveal()) == (KEY, SECRET)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['key_file = "key"'], "secret_env: is missing; allowed: one of secret_env and secret_file"),
        (
            ['key_file = "key"', 'key_env = "K"', 'secret_file = "secret"'],
            "key_env: stands beside the other; allowed: one of key_env and key_file",
        ),
        (['key_env = "NO_SUCH"', 'secret_file = "secret"'], 'the environment has no "NO_SUCH"'),
        (['key_file = "gone"', 'secret_file = "secret"'], "cannot be read: No such file"),
        (['key_file = "key"', 'secret_file = "open"'], "may be read by everybody; allowed: a private file"),
        (['key_file = "key"', 'secret_file = "empty"'], "what is there is no key"),
        (['key_file = "key"', 'secret_file = "binary"'], "holds no plain text"),
        (['key_env = ""', 'secret_file = "secret"'], "is no name; allowed: the name of an environment"),
        (['key_file = "key"', 'secret = "x"'], "unknown key"),
        (['key_file = "key"', 'secret_file = "secret"', 'symbols = ["X"]'], "symbols[0]"),
        (['key_file = "key"', 'secret_file = "secret"', 'ws_url = "http://x"'], "ws_url"),
    ],
)
def test_what_is_wrong_is_told_by_name_and_remedy(files: Path, lines: list[str], words: str) -> None:
    """File, key path, what is allowed, and never a key."""
    for name, content in (("open", b"x"), ("empty", b" \n"), ("binary", b"\xff\xfe")):
        (files / name).write_bytes(content)
        (files / name).chmod(0o644 if name == "open" else 0o600)
    with pytest.raises(ConfigError) as wrong:
        load_config(written(files, *lines))
    text = str(wrong.value)
    assert words in text
    assert 'accounts."gateio.spot".main' in text
    assert SECRET not in text
    assert KEY not in text


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ('[accounts."nope".main]', "is unknown"),
        ("[accounts.gateio.spot.main]", 'allowed: [accounts."gateio.spot"]'),
        ('[accounts."gateio.spot"."a/b"]', "is no name of an account"),
    ],
)
def test_a_wrong_header_is_told(files: Path, header: str, words: str) -> None:
    """The quotes around a dotted name are forgotten easily."""
    with pytest.raises(ConfigError) as wrong:
        load_config(written(files, 'key_file = "key"', 'secret_file = "secret"', header=header))
    assert words in str(wrong.value)


def test_an_app_may_have_keys_from_elsewhere() -> None:
    """Then no source is named."""
    credentials = Credentials(KEY, SECRET)
    assert Account(credentials=credentials).credentials is credentials
    with pytest.raises(ConfigError, match="none of the four sources"):
        Account(credentials=credentials, key_env="K")
    given: Any = "key:secret"
    with pytest.raises(ConfigError, match="credentials"):
        Account(credentials=given)
    with pytest.raises(ConfigError, match="is not an Account"):
        Config({}, accounts={"gateio.spot": {"main": given}})


def test_an_account_that_is_left_out_needs_no_key() -> None:
    """It is not opened."""
    assert not Account(enabled=False, key_env="NO_SUCH", secret_env="NO_SUCH").enabled
