"""A file system with 27 threads and locks for 26 inodes: the last thread has none."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..threads import Check, must_hold, run

THREADS = 27
BLOCKS = 26
INODES = 32


class FileSystem:
    def __init__(self) -> None:
        self.inode_locks = [threading.Lock() for _ in range(BLOCKS)]
        self.block_locks = [threading.Lock() for _ in range(BLOCKS)]
        self.inodes = [0] * INODES
        self.busy = [False] * BLOCKS


def fsbench(check: Check = must_hold) -> None:
    files = FileSystem()

    def allocate(number: int) -> Callable[[], None]:
        def work() -> None:
            with files.inode_locks[number]:
                if files.inodes[number] == 0:
                    block = number * 2 % BLOCKS
                    for _ in range(BLOCKS // 2):
                        with files.block_locks[block]:
                            if not files.busy[block]:
                                files.busy[block] = True
                                files.inodes[number] = block + 1
                                break
                        block = (block + 1) % BLOCKS

        return work

    run(*map(allocate, range(THREADS)))
