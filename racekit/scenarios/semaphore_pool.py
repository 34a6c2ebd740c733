"""A semaphore lets several in, a mutex lets in one."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import AbstractContextManager
from typing import Any


class Restroom:
    """Cubicles behind a door that knows how many there are; `most` tells how many people were in at once, at most.

    The document's picture: a semaphore is a restroom with several cubicles, where somebody who comes out makes room for
    the next; a mutex is a restroom with one, where everybody else waits. A semaphore can be a mutex (one cubicle), a
    mutex cannot be a semaphore.
    """

    def __init__(self, door: AbstractContextManager[Any]) -> None:
        self.most = 0
        self._inside = 0
        self._door = door
        self._counting = threading.Lock()

    def visit(self, name: str) -> None:
        with self._door:
            with self._counting:
                self._inside += 1
                self.most = max(self.most, self._inside)
            logging.info("%s enters", name)
            time.sleep(0.1)
            logging.info("%s leaves", name)
            with self._counting:
                self._inside -= 1


def shared_restroom(cubicles: int = 2) -> Restroom:
    """A restroom behind a semaphore: as many may enter as there are cubicles."""
    return Restroom(threading.Semaphore(cubicles))


def single_restroom() -> Restroom:
    """A restroom behind a mutex: one may enter."""
    return Restroom(threading.Lock())


def visit_together(restroom: Restroom) -> int:
    """Send three people in at once; return how many of them were inside together, at most."""
    people = [threading.Thread(target=restroom.visit, args=(name,)) for name in ["First", "Second", "Third"]]
    for person in people:
        person.start()
    for person in people:
        person.join()
    return restroom.most
