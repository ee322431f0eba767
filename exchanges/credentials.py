"""Keys and secrets: held so that nothing that is printed, logged or raised can show them."""

from typing import Never


class Secret:
    """A text that shows only to who asks for it by name: never in a repr, a format, a pickle or an exception.

    Args:
        text: the secret itself.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text; for a signature or a header, and never to be kept."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> Never:
        raise TypeError("a Secret is not pickled")


class Credentials:
    """An account's key and secret at one venue.

    Args:
        key: what the venue knows the account by; it goes over the wire, and is not shown either.
        secret: what requests are signed with; it never goes anywhere.

    Raises:
        ValueError: one of them cannot be a key: the line end of its file is still there, perhaps. HTTP libraries repeat
            such a header in their errors.
    """

    __slots__ = ("key", "secret")

    def __init__(self, key: Secret | str, secret: Secret | str) -> None:
        self.key = _checked("key", key)
        self.secret = _checked("secret", secret)

    def __repr__(self) -> str:
        return "Credentials(***)"


def _checked(what: str, given: Secret | str) -> Secret:
    secret = given if isinstance(given, Secret) else Secret(given)
    text = secret.reveal()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(
            f"the {what} (it is not shown) is not one word of plain text: strip blanks and line ends"
        )
    return secret
