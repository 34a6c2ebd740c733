"""A store whose updates get lost, since nothing guards them."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol


class DataStore(Protocol):
    """What the stores of the document have in common."""

    value: int

    def update(self, name: str) -> None: ...


class FakeDataStore:
    """A shared value without a lock.

    The document shows that `update` reads the value into a local of its own thread, adds one and writes it back a
    moment later: a thread that reads in that moment reads the old value, and one of the two updates is lost.
    """

    def __init__(self) -> None:
        self.value = 0

    def update(self, name: str) -> None:
        logging.info("%s Sub Thread start!!!", name)

        local_value = self.value
        local_value += 1
        time.sleep(0.1)
        self.value = local_value

        logging.info("%s Sub Thread finish!!!", name)


def update_three_times(store: DataStore) -> int:
    """Update the store three times from a pool of two workers and return the value it ends with.

    The document shows 2 for the store without a lock and 3 for the store with one.
    """
    logging.info("Main Thread start!!!")
    logging.info("FakeDataStore update method test start!!! // value : %d", store.value)

    with ThreadPoolExecutor(max_workers=2) as executor:
        for name in ["First", "Second", "Third"]:
            executor.submit(store.update, name)

    logging.info("FakeDataStore update method test finish!!! // value : %d", store.value)
    logging.info("Main Thread finish!!!")
    return store.value
