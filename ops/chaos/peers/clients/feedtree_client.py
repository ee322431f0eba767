"""feedtree as an app uses it: a whole tree, and a mailbox with every change of the books and every trade."""

from importlib.metadata import version

import trio

from feedtree.exchanges import BookDelta, BookSnapshot, StreamLost, Symbol, Trade
from feedtree.exchanges.public.channels import Book, Topic, Trades
from feedtree.exchanges.public.views import deltas
from feedtree.ops import Config, Venue, open_tree
from feedtree.ops.app import Tree
from feedtree.ops.bench.tree_clients import quiet
from feedtree.ops.chaos.peers.clients.telling import Ladder, Task, Teller, task

VENUE = "gateio.spot"


async def run(given: Task, teller: Teller) -> None:
    """Stream until cancelled."""
    venue = Venue(
        given.symbols,
        channels=[Book(), Trades()],
        ws_url=given.ws_url,
        rest_url=given.rest_url,
        ca_file=given.ca_file,
    )
    async with open_tree(Config(venues={VENUE: venue}), log=quiet()) as tree:
        token = trio.lowlevel.current_trio_token()
        teller.serve(token.run_sync_soon, lambda: ladders(tree, given.symbols))
        async with tree.public.mailbox(BookDelta, Trade, view=deltas()) as mailbox:
            async for message in mailbox:
                match message:
                    case BookSnapshot(sequence=number) | BookDelta(last=number):
                        teller.book(str(message.symbol), number)
                    case Trade(id=number):
                        teller.trade(int(number))
                    case StreamLost():
                        teller.noticed("StreamLost")


def ladders(tree: Tree, symbols: list[str]) -> dict[str, Ladder]:
    """Return the books that are live."""
    found: dict[str, Ladder] = {}
    for symbol in symbols:
        book = tree.public.feeds[VENUE].book(Topic(VENUE, Symbol.parse(symbol), Book()))
        if book is not None and book.live:
            view = book.view(book.true_depth, 0)
            found[symbol] = (view.sequence, list(view.bids), list(view.asks))
    return found


if __name__ == "__main__":
    trio.run(run, task(), Teller(f"feedtree {version('feedtree')}"))
