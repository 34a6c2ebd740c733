"""A thread, with its `join` and without."""

from __future__ import annotations

import logging
import threading
import time


def sub_thread(name: str) -> None:
    """Three seconds of work, as far as anybody can tell from outside."""
    logging.info("%s start!!!", name)
    time.sleep(3)
    logging.info("%s finish!!!", name)


def run_sub_thread(join: bool = False) -> None:
    """Start a thread and come to the end of the main thread.

    The document shows that the main thread does not wait by itself: without `join` its last line comes three seconds
    before the last line of the thread, with `join` after it. The interpreter waits for the thread in both cases.
    """
    logging.info("Main-thread : before creating thread")
    thread = threading.Thread(target=sub_thread, args=("First Sub Thread",))
    logging.info("Main-thread : after creating thread")

    thread.start()
    if join:
        thread.join()

    logging.info("Main-thread : end")
