"""A value is set under one lock, its successor under another; between the two, the readers see what does not fit."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run


class Stages:
    def __init__(self) -> None:
        self.lock1 = threading.Lock()
        self.lock2 = threading.Lock()
        self.data1 = 0
        self.data2 = 0


def twostage(writers: int, readers: int, check: Check = must_hold) -> None:
    stages = Stages()

    def write() -> None:
        with stages.lock1:
            stages.data1 = 1
        with stages.lock2:
            stages.data2 = stages.data1 + 1

    def read() -> None:
        with stages.lock1:
            if stages.data1 == 0:
                return
            seen1 = stages.data1
        with stages.lock2:
            seen2 = stages.data2
        check(seen2 == seen1 + 1)

    run(*[write] * writers, *[read] * readers)
