"""Where a task stands that does not end."""

from collections.abc import Iterator

import trio

_TASKS = 10
_FRAMES = 12


def stack_of(task: trio.lowlevel.Task) -> str:
    """Render where a task and the tasks below it wait: at most 10 tasks, the innermost 12 frames of each."""
    lines: list[str] = []
    for number, each in enumerate(_walk(task)):
        if number == _TASKS:
            lines.append("...")
            break
        lines.append(f"task {each.name}:")
        lines.extend(f"  {frame}" for frame in _frames(each)[-_FRAMES:])
    return "\n".join(lines)


def _walk(task: trio.lowlevel.Task) -> Iterator[trio.lowlevel.Task]:
    yield task
    for nursery in task.child_nurseries:
        for child in nursery.child_tasks:
            yield from _walk(child)


def _frames(task: trio.lowlevel.Task) -> list[str]:
    return [
        f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}"
        for frame, line in task.iter_await_frames()
    ]
