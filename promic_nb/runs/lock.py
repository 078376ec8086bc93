"""The lock that keeps two runs in one project apart. It ends with its processes, even if killed."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = Path("data") / ".lock"  # in the project's folder
WAIT_S = 5.0  # the processes of a run that was just killed take a moment to end


class Locked(Exception):
    """Another process holds the lock."""


@contextmanager
def alone(file: Path, wait_s: float = WAIT_S) -> Iterator[int]:
    """Hold a lock on a file; its descriptor may be passed on to a child process.

    Raises:
        Locked: another process still holds it after `wait_s` seconds.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + wait_s
    with file.open("w") as held:
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Locked from None
                time.sleep(0.1)
        yield held.fileno()
