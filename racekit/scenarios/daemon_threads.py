"""Daemon threads, cut off when the main thread ends."""

from __future__ import annotations

import logging
import threading


def count_aloud(name: str, count: int, finished: list[str]) -> None:
    """Log every number below `count`, then sign off in `finished`."""
    logging.info("%s start!!!", name)
    for number in range(count):
        logging.info(number)
    logging.info("%s finish!!!", name)
    finished.append(name)


def run_daemon_threads(first: int = 2000, second: int = 1000) -> tuple[str, ...]:
    """Start two daemon threads that count and come to the end of the main thread; return who had finished by then.

    The document shows that daemon threads are for work in the background, such as saving automatically: when the main
    thread ends, they are stopped at once, in the middle of whatever they do. So they may have counted to the end, to
    somewhere, or not at all.
    """
    finished: list[str] = []
    logging.info("Main-thread : before creating thread")
    one = threading.Thread(target=count_aloud, args=("First Sub Thread", first, finished), daemon=True)
    two = threading.Thread(target=count_aloud, args=("Second Sub Thread", second, finished), daemon=True)
    logging.info("First Sub Thread is daemon? : %r", one.daemon)
    logging.info("Second Sub Thread is daemon? : %r", two.daemon)
    logging.info("Main-thread : after creating thread")

    one.start()
    two.start()

    logging.info("Main-thread : end")
    return tuple(finished)
