"""A driver's request sees that nobody stops it, then the stop runs wholly, then the request counts itself."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold


class Device:
    def __init__(self) -> None:
        self.atomic = threading.Lock()
        self.pending = 1
        self.stopping = False
        self.nobody_left = False
        self.stopped = False

    def increment(self) -> bool:
        if self.stopping:
            return False
        with self.atomic:
            self.pending = self.pending + 1
        return True

    def decrement(self) -> None:
        with self.atomic:
            self.pending = self.pending - 1
            pending = self.pending
        if pending == 0:
            self.nobody_left = True

    def stop(self) -> None:
        self.stopping = True
        self.decrement()
        if self.nobody_left:
            self.stopped = True


def bluetooth_driver(check: Check = must_hold) -> None:
    device = Device()
    stop = threading.Thread(target=device.stop)
    stop.start()
    if device.increment():
        check(not device.stopped)
    device.decrement()
    stop.join()
