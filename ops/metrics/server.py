"""The metrics server: an actor that tells Prometheus, and probes, how the tree is. HTTP, on a loopback port.

``GET /metrics``: everything in the catalogue. ``GET /healthz``: 200 while the event loop answers and the tree runs.
``GET /readyz``: 200 while every stream is live and every account consistent, else 503 and a line for each that is not.
"""

from functools import partial

import trio

from feedtree.actors.context import Context
from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import Listener, Network, Transport
from feedtree.ops.app import FindTree
from feedtree.ops.config import Metrics
from feedtree.ops.footprint import resident_bytes
from feedtree.ops.health import ailments
from feedtree.ops.http import HttpConnection, Request, Response
from feedtree.ops.looking import facts_of
from feedtree.ops.metrics.collector import CONTENT_TYPE, rendered
from feedtree.ops.metrics.sight import Watcher
from feedtree.ops.operations import Operation
from feedtree.supervisors import ChildSpec, ChildState, EventStream, Fatal

SHUTDOWN = 0.1  # s
MOST_CLIENTS = 4  # at once; more are closed unanswered
ASK_WITHIN = 5.0  # s for a client to ask
TAKE_WITHIN = 5.0  # s for it to take the answer
BASELINE_AFTER = (
    600.0  # s from the start of the actor to the look at the memory that later ones are compared with
)


def metrics_operation(
    options: Metrics, tree: FindTree, events: EventStream, network: Network | None = None
) -> Operation:
    """Return what serves a tree's metrics, and counts what happens in it.

    Args:
        options: where they are served.
        tree: returns the tree; None while there is none yet.
        events: what happens in it.
        network: what it listens on; TCP where None.
    """
    watcher = Watcher(events)  # outlives the incarnations: counters go on
    start = partial(
        serve_metrics, options=options, tree=tree, network=network or TcpNetwork(), watcher=watcher
    )
    return Operation(ChildSpec("metrics", start, shutdown=SHUTDOWN), events, watcher.ends.take)


async def serve_metrics(
    context: Context, *, options: Metrics, tree: FindTree, network: Network, watcher: Watcher
) -> None:
    """Serve until cancelled: the start function of the child spec.

    Raises:
        Fatal: nothing can listen at that address.
    """
    listener = await _listening(options, network)
    try:
        host, port = listener.address
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"
        context.report("serving", url=url)
        context.log.info("metrics_served", url=url)
        context.started()
        server = _Server(tree, watcher)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_measure_baseline, watcher)
            while True:
                transport = await listener.accept()
                if server.admits():
                    nursery.start_soon(server.serve, transport)
                else:
                    transport.abort()
    finally:
        listener.close()


async def _listening(options: Metrics, network: Network) -> Listener:
    try:
        return await network.listen(options.host, options.port)
    except OSError as error:
        where = f"{options.host}:{options.port}"
        raise Fatal(
            f"the metrics cannot be served at {where}: {error.strerror or error}",
            remedy="choose another port under [metrics], or port = 0 for a free one",
        ) from error


async def _measure_baseline(watcher: Watcher) -> None:
    """Remember how much memory is held when everything has been running for a while."""
    if watcher.baseline_bytes is None:
        await trio.sleep(BASELINE_AFTER)
        watcher.baseline_bytes = resident_bytes()


class _Server:
    """Answers requests, one for each connection."""

    def __init__(self, tree: FindTree, watcher: Watcher) -> None:
        self._tree = tree
        self._watcher = watcher
        self._clients = 0

    def admits(self) -> bool:
        """Take one more client, which is served then; return False where there are too many."""
        if self._clients >= MOST_CLIENTS:
            return False
        self._clients += 1
        return True

    async def serve(self, transport: Transport) -> None:
        """Answer the request of a client, if it asks and takes the answer in time. Whatever it does ends here."""
        try:
            http = HttpConnection(transport)
            request = None
            with trio.move_on_after(ASK_WITHIN):
                request = await http.next_request()
            if request is None:
                return
            response = await self._answer(request)
            with trio.move_on_after(TAKE_WITHIN):
                await http.answer(response)
        except (ConnectionLost, trio.ClosedResourceError):
            pass  # the client went away
        finally:
            self._clients -= 1
            transport.close()

    async def _answer(self, request: Request) -> Response:
        if request.method != "GET":
            return _text(405, "only GET\n", ("allow", "GET"))
        if request.path not in ("/metrics", "/healthz", "/readyz"):
            return _text(404, "there are /metrics, /healthz and /readyz\n")
        tree = self._tree()
        if tree is None:
            return _text(503, "the tree is starting\n")
        if request.path == "/metrics":
            body = await rendered(self._watcher.look(tree))
            return Response(200, body, (_CLOSE,), CONTENT_TYPE)
        if request.path == "/healthz":
            state = tree.snapshot().state
            return _text(200, "ok\n") if state is ChildState.RUNNING else _text(503, f"the tree is {state}\n")
        wrong = ailments(facts_of(tree), tree.snapshot())
        return _text(503, "".join(f"{line}\n" for line in wrong)) if wrong else _text(200, "ok\n")


_CLOSE = ("connection", "close")


def _text(status: int, text: str, *headers: tuple[str, str]) -> Response:
    return Response(status, text.encode(), (_CLOSE, *headers), "text/plain; charset=utf-8")
