"""Shrinking: a failing sequence becomes as small as can be, within so many trials."""

from collections.abc import Sequence

import pytest
import trio

from feedtree.ops.chaos.campaign.shrink import Trial, shrink


def failing_with(*needed: int) -> tuple[Trial, list[Sequence[int]]]:
    tried: list[Sequence[int]] = []

    async def fails(numbers: Sequence[int]) -> bool:
        await trio.lowlevel.checkpoint()
        tried.append(numbers)
        return set(needed) <= set(numbers)

    return fails, tried


@pytest.mark.parametrize("needed", [(17,), (3, 17), (1, 40), (5, 6, 33)])
async def test_what_is_needed_is_left_and_nothing_else(needed: tuple[int, ...]) -> None:
    fails, _ = failing_with(*needed)
    assert await shrink(range(1, 41), fails, trials=200) == list(needed)


async def test_no_more_is_tried_than_is_allowed() -> None:
    fails, tried = failing_with(3, 17)
    found = await shrink(range(1, 41), fails, trials=5)
    assert len(tried) == 5
    assert {3, 17} <= set(found)


async def test_one_fault_is_not_tried_again() -> None:
    fails, tried = failing_with(4)
    assert await shrink([4], fails, trials=9) == [4]
    assert tried == []


async def test_what_fails_only_as_a_whole_is_kept_as_it_is() -> None:
    fails, _ = failing_with(1, 2, 3, 4)
    assert await shrink([1, 2, 3, 4], fails, trials=99) == [1, 2, 3, 4]
