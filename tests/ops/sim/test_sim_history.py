from feedtree.ops.sim.history import KEPT_IDS, KEPT_S, History

SECOND = 1_000_000_000


def filled(count: int, step_ns: int) -> History:
    history = History(1_000)
    for index in range(count):
        history.record(100 + index % 7, 0, index + 1, index * step_ns)
    return history


def test_the_last_minute_is_kept_however_many_ids_it_has() -> None:
    """History of at least 60 s."""
    history = filled(20_000, SECOND // 200)  # 100 s
    history.trim(20_000 * SECOND // 200)
    kept = history.last_id - history.oldest_id
    assert KEPT_S * 200 - 1 <= kept < 20_000


def test_five_thousand_ids_are_kept_however_old_they_are() -> None:
    """History of at least 5,000 ids."""
    history = filled(20_000, SECOND)
    history.trim(10**9 * SECOND)
    assert history.last_id - history.oldest_id == KEPT_IDS
    assert history.last_id == 21_000


def test_an_id_is_found_by_time() -> None:
    """A lagging snapshot is the book of an earlier time."""
    history = filled(10, SECOND)
    assert history.id_at(-1) == 1_000
    assert history.id_at(0) == 1_001
    assert history.id_at(4 * SECOND + 1) == 1_005
    assert history.id_at(99 * SECOND) == 1_010
    assert history.at_ns(1_005) == 4 * SECOND
    assert history.at_ns(1_000) == 0


def test_trimming_moves_no_id() -> None:
    """What is kept keeps its number."""
    history = filled(20_000, SECOND)
    before = history.changed(20_990, 21_000)
    history.trim(10**9 * SECOND)
    assert history.changed(20_990, 21_000) == before
    assert history.last_at_ns == 19_999 * SECOND
