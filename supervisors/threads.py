"""Where another thread is: its frames, while it goes on.

Before Python 3.12 the garbage collector may run whenever something is made, a frame object too, and with it the
finalizers of anybody, in which threads change. The frame that was being made may be over by then, and who reads it
reads memory that is something else: the process dies. So nothing is collected while frames are read.
"""

import gc
import sys
from collections.abc import Callable
from threading import Lock
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

_reading = Lock()


def read_frames(thread: int, read: Callable[[FrameType | None], T]) -> T:
    """Read the frames of a thread, one reader at a time.

    Args:
        thread: its identifier.
        read: gets the innermost frame; None where there is no such thread.

    Returns:
        What `read` returned.
    """
    with _reading:
        collects = gc.isenabled()
        gc.disable()
        try:
            return read(sys._current_frames().get(thread))
        finally:
            if collects:
                gc.enable()
