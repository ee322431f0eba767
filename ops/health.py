"""Whether a tree is well: every stream live, every account consistent, nothing parked."""

from feedtree.ops.facts import Facts
from feedtree.supervisors.snapshot import Node


def ailments(facts: Facts, tree: Node) -> list[str]:
    """Return a line for each thing that is not as it should be; none where all is well.

    Args:
        facts: of the streams and accounts.
        tree: every child, at the same instant.
    """
    ill = [f"{stream.path} is {stream.state}" for stream in facts.streams if stream.state != "live"]
    told = {stream.path for stream in facts.streams if stream.state != "live"}
    ill += [
        f"{account.path} is inconsistent: {'; '.join(account.unexplained) or 'not compared yet'}"
        for account in facts.accounts
        if not account.consistent and account.path not in told
    ]
    ill += [f"{node.path} is parked: {node.last_reason or 'no reason'}" for node in tree.parked()]
    ill += ["nothing is streamed"] if not facts.streams else []
    return ill
