"""Takes secrets out of what is logged: the last line of defence, behind code that never puts one in."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from feedtree.exchanges.credentials import Secret

HIDDEN = "***"

_NAMED = re.compile(
    r"""(?ix)
    \b( api[_-]?key | apikey | access[_-]?key | secret(?:[_-]?key)? | passphrase | password
      | listen[_-]?key | signature | authorization | x-mexc-apikey )
    ( \\*["']? \s* [=:] \s* \\*["']? (?: bearer \s+ )? )
    ( (?: [^\s"'\\&,;)\]}] | \\ (?! \\* ["'] ) )+ )
    """
)
_DIGEST = re.compile(r"\b(?:[0-9a-f]{128}|[0-9a-f]{64})\b", re.IGNORECASE)  # SHA-512, SHA-256: signatures
_LEAST = 6  # characters: a shorter secret would take words apart


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text without secrets: those that are known, values that stand under a name for one, and digests.

    Args:
        text: any.
        secrets: known ones.
    """
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return _DIGEST.sub(HIDDEN, _NAMED.sub(lambda found: f"{found[1]}{found[2]}{HIDDEN}", text))


@lru_cache(maxsize=1_000)
def redacted_reason(reason: str) -> str:
    """Return `redacted` of a reason, of which there are few, and which are asked for again and again."""
    return redacted(reason)


class Redaction:
    """A structlog processor, to stand last: it gets the rendered line, or the event where a later one renders it.

    Args:
        secrets: known ones, of which nothing shows.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        revealed = {secret.reveal() for secret in secrets}
        self._secrets = sorted((each for each in revealed if len(each) >= _LEAST), key=len, reverse=True)

    def __call__(self, _: object, __: str, event: Any) -> Any:
        """Return the event without secrets."""
        return self._clean(event)

    def __repr__(self) -> str:
        return f"Redaction({len(self._secrets)} secrets)"

    def _clean(self, what: Any) -> Any:
        if isinstance(what, str):
            return redacted(what, self._secrets)
        if isinstance(what, bytes):
            return self._clean(what.decode(errors="replace"))
        if isinstance(what, Mapping):
            return {key: self._clean(value) for key, value in what.items()}
        if isinstance(what, list | tuple):
            return type(what)(map(self._clean, what)) if type(what) in (list, tuple) else what
        return what
