"""A private REST request of Gate.io's whose key is good."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.entries import Entry
from feedtree.ops.sim.gateio.tickets import Fields


class Asked(Struct, frozen=True):
    """What is asked for.

    Args:
        account: whose.
        query: of its path.
        content: its body, None where it has none.
        name: the order that its path names, empty for none.
        entries: what was taken down of it.
    """

    account: Account
    query: Mapping[str, str]
    content: object
    name: str
    entries: Sequence[Entry]

    @property
    def fields(self) -> Fields:
        """Query and body as one; the body counts where both name something."""
        return {**self.query, **self.content} if isinstance(self.content, dict) else self.query

    @property
    def items(self) -> list[Fields]:
        """The objects of a body that is a list of them; else what there is as one."""
        if isinstance(self.content, list):
            return [item if isinstance(item, dict) else {} for item in self.content]
        return [self.fields]

    @property
    def pair(self) -> str:
        """The pair that it is about, as far as it says."""
        return next((str(item.get("currency_pair", "")) for item in self.items), "")
