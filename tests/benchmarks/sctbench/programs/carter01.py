"""Two classes of users share a resource: the first in takes its lock and the last out frees it, a deadlock."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run


class Resource:
    def __init__(self) -> None:
        self.counting = threading.Lock()
        self.lock = threading.Lock()
        self.users_a = 0
        self.users_b = 0


def carter01(check: Check = must_hold) -> None:
    shared = Resource()

    def use_as_a() -> None:
        with shared.counting:
            shared.users_a += 1
            if shared.users_a == 1:
                shared.lock.acquire()
        with shared.counting:
            shared.users_a -= 1
            if shared.users_a == 0:
                shared.lock.release()

    def use_as_b() -> None:
        with shared.counting:
            shared.users_b += 1
            if shared.users_b == 1:
                shared.lock.acquire()
        with shared.counting:
            shared.users_b -= 1
            if shared.users_b == 0:
                shared.lock.release()

    def nothing() -> None:
        pass

    run(use_as_a, use_as_b, nothing, nothing)
