"""What a snapshot must show, by what is known when it is taken."""

from collections import Counter
from typing import Any

from feedtree.supervisors import Node
from tree_model.known import Known
from tree_model.reading import walk_nodes, worst_stop
from tree_model.sights import LIVE, Home, S


def see(known: Known, look: Any) -> None:
    """Compare a snapshot with what is known."""
    running = known.running(look.number)
    shown = Counter(
        (node.path, node.generation)
        for node in walk_nodes(look.node)
        if node.kind == "worker" and node.state in LIVE
    )
    paths = Counter(node.path for node in walk_nodes(look.node))
    assert max(paths.values()) == 1, ("shown twice", paths)
    for run in running:
        assert shown[run.path, run.generation] == 1, ("runs and is not shown", run, look)
    if look.settled:
        assert len(running) == len(shown), ("shown and does not run", shown, running)
    _compare_home(known, look, look.node)


def _compare_home(known: Known, look: Any, node: Node) -> None:
    home = known.homes.get(node.path)
    if home is None:
        assert node.children == (), ("children before the first start", node)
        return
    children = {each.path: each for each in node.children}
    if home.heard or children:
        for each in [each for path, each in home.sights.items() if path not in children]:
            silent = each.generation == 0 and known.asked("stop", each, look.number)
            assert silent, ("known and not shown", each.path, node)
            del home.sights[each.path]  # nobody was told, since it never ran
    for child in node.children:
        _compare_child(known, look, home, child)
        if child.kind == "supervisor":
            _compare_home(known, look, child)
    if not home.unsure and not known.interrupted:
        count = home.count(home.window, look.at)
        assert node.restarts_in_window == count, ("window", count, home.window, node)
    assert node.worst_stop == worst_stop(home.spec, node), node
    if node.state not in LIVE:
        assert not any(each.state in LIVE for each in node.children), ("runs in a dead supervisor", node)


def _compare_child(known: Known, look: Any, home: Home, node: Node) -> None:
    sight = home.sights.get(node.path)
    if sight is None:
        assert (node.state, node.generation) == (S.STOPPED, 0), ("unknown", node)
        return
    states = {sight.state}
    if sight.path in known.homes and sight.state is S.RUNNING:
        states.add(S.STOPPING)
    if sight.state is S.FAILED:
        states.add(S.STOPPED)
    assert node.state in states, (sight.state, node)
    assert node.generation == sight.generation, (sight.generation, node)
    assert node.restarts == max(0, node.generation - 1)
    assert node.kind == "supervisor" or node.worst_stop == sight.spec.shutdown, node
    assert (node.wait is not None) is (node.state is S.RESTARTING), node
    assert (node.uptime is not None) is (sight.live and sight.ready), node
    if node.wait == 0 and look.settled:
        assert home.grouped, ("its wait is over", node)
    unsure = home.unsure or sight.path in home.doubtful
    if sight.bulkhead_worker and not unsure and not known.asked("restart", sight, look.number, exact=False):
        count = home.count(home.own.get(sight.path, []), look.at)
        assert node.restarts_in_window == count, ("own window", count, node)
