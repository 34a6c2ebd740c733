"""Running small bodies until one fails, to see what the bug is called."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import racekit


def failure_of(body: Callable[[], object], **options: Any) -> racekit.Failure:
    failure = racekit.explore(body, **options).failure
    assert failure is not None
    assert failure.reproduced
    return failure


def diagnosis_of(body: Callable[[], object], **options: Any) -> racekit.Diagnosis:
    return failure_of(body, **options).diagnosis


class Store:
    """Something to share."""

    def __init__(self, value: Any = 0) -> None:
        self.value = value
        self.other = value
        self.lock = threading.Lock()
