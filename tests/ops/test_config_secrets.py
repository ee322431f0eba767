"""Accounts in a config: where keys come from, and that no mistake shows one."""

import traceback
from pathlib import Path

import pytest

from feedtree.exchanges.credentials import Credentials
from feedtree.ops import Account, load_config
from feedtree.ops.config_error import ConfigError

SECRET = "5f2ad1d9c1b5a0ee7c6f41aa2b1c7d3e"
TABLE = '[accounts."gateio.spot".main]\n'
GOOD = TABLE + 'key_env = "FT_KEY"\nsecret_env = "FT_SECRET"\n'


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key and secret where a config looks for them."""
    monkeypatch.setenv("FT_KEY", "a-key")
    monkeypatch.setenv("FT_SECRET", "a-secret")


@pytest.mark.parametrize(
    "text",
    [
        TABLE + f'key_env = "{SECRET}"\nsecret_env = "FT_SECRET"',
        TABLE + f'key_env = "FT_KEY"\nsecret_env = "{SECRET}"',
        TABLE + f'key_env = "FT_KEY"\nsecret_file = "{SECRET}"',
        TABLE + f'key_env = ["{SECRET}"]\nsecret_env = "FT_SECRET"',
        TABLE + f'key = "a-key"\nsecret = "{SECRET}"',
        f'[accounts."gateio.spot"]\nmain = "{SECRET}"',
        GOOD + f'proxy = "user:{SECRET}@proxy:80"',
        GOOD + f'proxy = "http://user:{SECRET}"',
        GOOD + 'proxy = "http://user:hunter/2"',
        GOOD + 'proxy = "https://us/er:hunter2@proxy:80"',
    ],
)
def test_a_key_in_the_wrong_place_is_not_shown(tmp_path: Path, text: str) -> None:
    """Who writes the key where its name belongs reads what is allowed, and a log or a paste shows no key."""
    path = tmp_path / "feedtree.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in told
    assert "hunter" not in told
    assert (
        "allowed" in str(caught.value)
        or "cannot be read" in str(caught.value)
        or "export" in str(caught.value)
    )


@pytest.mark.parametrize("wrong", ["a-key\n", " a-key", "a k", "a\x00", "schl\u00fcssel"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(wrong: str) -> None:
    """The line end of a key's file: an HTTP library would refuse the header, and repeat it in its error."""
    for key, secret in ((wrong, "s"), ("k", wrong)):
        with pytest.raises(ValueError, match="strip blanks and line ends") as caught:
            Credentials(key, secret)
        assert wrong not in "".join(traceback.format_exception(caught.value))


def test_a_path_with_a_null_is_a_config_error() -> None:
    """TOML can write one, and no file has it in its name."""
    with pytest.raises(ConfigError, match="key_file"):
        Account(key_file="a\x00b", secret_env="FT_SECRET")
