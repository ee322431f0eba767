"""``feedtree restart``, ``stop``, ``start`` and ``reset-backoff``: acting on one child by hand."""

from feedtree.ops.inspect.client import Client, InspectFailed
from feedtree.ops.inspect.protocol import Action, Control, Done
from feedtree.ops.operate.attach import FINE, attached

PATIENCE = 30.0  # s for a branch to stop and start


def steer(wanted: str | None, action: Action, path: str) -> int:
    """Have an app do something to a child, and print what came of it; return the exit code.

    Args:
        wanted: which app, see `attached`.
        action: what.
        path: of the child.
    """

    def act(client: Client) -> int:
        request = Control(action=action, path=path.strip("/"))
        try:
            done = client.ask(request, Done, timeout=PATIENCE)
        except InspectFailed as error:
            if error.code != "timeout":
                raise
            text = f"{action} {request.path} takes longer than {PATIENCE:g} s: see feedtree events {request.path}"
            raise InspectFailed(text, error.code) from error
        print(done.text)
        return FINE

    return attached(wanted, act)
