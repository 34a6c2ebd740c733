"""The same store with a lock: no update gets lost."""

from __future__ import annotations

import logging
import threading
import time


class LockedDataStore:
    """A shared value behind a lock.

    The document shows that a thread which finds the lock taken waits until it is released, so that reading, adding and
    writing back happen as one: three updates always make three.
    """

    def __init__(self) -> None:
        self.value = 0
        self._lock = threading.Lock()

    def update(self, name: str) -> None:
        logging.info("%s Sub Thread start!!!", name)

        with self._lock:
            logging.info("%s Sub Thread has Lock", name)
            local_value = self.value
            local_value += 1
            time.sleep(0.1)
            self.value = local_value
            logging.info("%s Sub Thread release Lock", name)

        logging.info("%s Sub Thread finish!!!", name)
