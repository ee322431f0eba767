"""Names of one tree, through the contexts that register them."""

import pytest

from feedtree.actors.context import Context
from feedtree.actors.names import NameNotFound, Names, NameTaken, Registration


def test_a_name_tells_what_it_stands_for_and_who_holds_it() -> None:
    """Looked up from another actor of the tree."""
    names = Names()
    Context("a/b", 3, names=names).register("orders", "the value")
    seen = Context("c", 1, names=names).whereis("orders")
    assert seen == Registration("orders", "the value", "a/b", 3)
    assert repr(names) == "<Names ['orders']>"


def test_a_second_live_registration_is_refused_and_names_the_holder() -> None:
    """The first one stands."""
    names = Names()
    Context("a", 2, names=names).register("orders", 1)
    with pytest.raises(NameTaken, match="'orders' is taken by a, generation 2") as caught:
        Context("b", 1, names=names).register("orders", 2)
    assert (caught.value.name, caught.value.path, caught.value.generation) == ("orders", "a", 2)
    assert names.whereis("orders").value == 1


def test_registering_again_oneself_is_refused_too() -> None:
    """A name never changes what it stands for while it is held."""
    context = Context("a", 1)
    context.register("orders", 1)
    with pytest.raises(NameTaken, match="taken by a"):
        context.register("orders", 1)


def test_a_refused_registration_leaves_the_holder_its_name() -> None:
    """The end of the one that was refused frees nothing."""
    names = Names()
    holder, other = Context("a", 1, names=names), Context("b", 1, names=names)
    holder.register("orders", 1)
    with pytest.raises(NameTaken):
        other.register("orders", 2)
    other.end("stopped")
    assert names.whereis("orders").path == "a"


def test_a_free_name_is_not_found() -> None:
    """The error is a LookupError and says which name."""
    with pytest.raises(NameNotFound, match="nobody is registered as 'orders'") as caught:
        Context("a", 1).whereis("orders")
    assert isinstance(caught.value, LookupError)
    assert caught.value.name == "orders"


def test_the_end_of_an_incarnation_frees_its_names_and_no_others() -> None:
    """The next incarnation registers the same."""
    names = Names()
    first, other = Context("a", 1, names=names), Context("b", 1, names=names)
    first.register("x", 1)
    first.register("y", 1)
    other.register("z", 1)
    first.end("crashed")
    assert len(names) == 1
    Context("a", 2, names=names).register("x", 2)
    assert names.whereis("x").generation == 2


def test_a_late_end_of_an_earlier_incarnation_frees_nothing_of_the_next() -> None:
    """Ending twice does nothing."""
    names = Names()
    first = Context("a", 1, names=names)
    first.register("x", 1)
    first.end("crashed")
    Context("a", 2, names=names).register("x", 2)
    first.end("crashed again")
    assert names.whereis("x").generation == 2


def test_an_incarnation_that_has_ended_registers_nothing() -> None:
    """Nobody would ever free it."""
    context = Context("a", 4)
    context.end("stopped")
    with pytest.raises(RuntimeError, match="a, generation 4, has ended"):
        context.register("x", 1)


def test_a_name_can_be_given_back() -> None:
    """Another actor takes it, and the end of the first does not matter to it."""
    names = Names()
    first, other = Context("a", 1, names=names), Context("b", 1, names=names)
    first.register("x", 1)
    first.unregister("x")
    other.register("x", 2)
    first.end("stopped")
    assert names.whereis("x").path == "b"


def test_only_the_holder_gives_a_name_back() -> None:
    """Neither one that holds nothing nor one that holds something else."""
    names = Names()
    holder, other = Context("a", 1, names=names), Context("b", 1, names=names)
    holder.register("x", 1)
    with pytest.raises(NameNotFound):
        other.unregister("x")
    other.register("y", 1)
    with pytest.raises(NameNotFound):
        other.unregister("x")
    with pytest.raises(NameNotFound):
        names.release("z")
    assert names.whereis("x").path == "a"


def test_nothing_grows_with_refusals_and_incarnations() -> None:
    """A thousand of each leave one name."""
    names = Names()
    for generation in range(1, 1001):
        context = Context("a", generation, names=names)
        context.register("x", generation)
        with pytest.raises(NameTaken):
            Context("b", generation, names=names).register("x", generation)
        if generation < 1000:
            context.end("crashed")
    assert len(names) == 1


def test_contexts_outside_a_tree_have_names_of_their_own() -> None:
    """An actor can be tested alone."""
    one, other = Context("a", 1), Context("b", 1)
    one.register("x", 1)
    other.register("x", 2)
    assert (one.whereis("x").value, other.whereis("x").value) == (1, 2)
