"""Published numbers of interleavings that take too long for the tests: "dpor" has to meet them exactly."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from bodies import racy
from measuring import print_table

import racekit

Body = Callable[[], object]


def run(threads: int, work: Callable[[int], None]) -> None:
    everybody = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in everybody:
        thread.start()
    for thread in everybody:
        thread.join()


def indexer(threads: int) -> Body:
    """Threads insert into a hash table whose buckets have locks (Flanagan and Godefroid, POPL 2005)."""

    def body() -> None:
        table = [0] * 128
        locks = [threading.Lock() for _ in table]

        def insert(number: int) -> None:
            for message in range(1, 5):
                word = message * 11 + number
                place = word * 7 % 128
                while True:
                    with locks[place]:
                        if not table[place]:
                            table[place] = word
                            break
                    place = (place + 1) % 128

        run(threads, insert)

    return body


def filesystem(threads: int) -> Body:
    """Threads allocate blocks for inodes, each with a lock (Flanagan and Godefroid, POPL 2005)."""
    inodes, blocks = 32, 26

    def body() -> None:
        inode, busy = [0] * inodes, [0] * blocks
        inode_locks = [threading.Lock() for _ in range(inodes)]
        block_locks = [threading.Lock() for _ in range(blocks)]

        def allocate(number: int) -> None:
            own = number % inodes
            with inode_locks[own]:
                block = own * 2 % blocks
                while True:
                    with block_locks[block]:
                        if not busy[block]:
                            busy[block], inode[own] = 1, block + 1
                            break
                    block = (block + 1) % blocks

        run(threads, allocate)

    return body


PROGRAMS: tuple[tuple[str, Body, int], ...] = (
    ("counter, 2 x 5", racy(5), 34_904),
    ("indexer, 13 threads", indexer(13), 64),
    ("indexer, 15 threads", indexer(15), 4096),
    ("filesystem, 19 threads", filesystem(19), 64),
)


def main() -> None:
    rows, wrong = [], 0
    for name, body, expected in PROGRAMS:
        begun = time.perf_counter()
        found = racekit.explore(body, strategy="dpor", executions=None)
        seconds = time.perf_counter() - begun
        wrong += found.interleavings != expected
        rows.append([name, f"{found.interleavings:,}", f"{expected:,}", f"{seconds:.1f}"])
    print_table(["", "interleavings", "published", "s"], rows)
    sys.exit(wrong)


if __name__ == "__main__":
    main()
