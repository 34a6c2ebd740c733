"""A thread under control."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from racekit.runtime import originals
from racekit.runtime.reachable import Touch
from racekit.watch.site import Site


class Parking:
    """Where one OS thread waits for its turn: `wake()` lets exactly one `park()` go on."""

    __slots__ = ("park", "wake")

    def __init__(self) -> None:
        lock = originals.allocate_lock()
        originals.lock_acquire(lock)
        # The built-in methods themselves: the lock type's methods are replaced while an exploration lasts.
        self.park: Callable[..., bool] = originals.lock_acquire.__get__(lock)
        self.wake: Callable[[], None] = originals.lock_release.__get__(lock)


InMidst = tuple[list[Touch], Site]
"""What C code that has called Python code will touch when that returns, and where it was called itself."""


class ControlledThread:
    """One thread of an execution.

    It is *enabled* when it could take a step: not `finished`, not `blocked` (waiting for `awaited`), not `asleep`
    unless its deadline is the earliest. `atomic` is 1 inside of a public operation of the standard library: there a
    synchronization is a scheduling point only if it blocks. At a scheduling point it is about to do `operation` at
    `site`, to what it `touches` (an object and the part of it; noted only for a strategy that compares events).
    """

    __slots__ = (
        "announced",
        "asleep",
        "atomic",
        "awaited",
        "blocked",
        "born_at",
        "breakable",
        "counts",
        "daemon",
        "deadline",
        "doing",
        "expired",
        "finished",
        "fresh",
        "held",
        "hooks_while_unwinding",
        "id",
        "ident",
        "in_midst",
        "lockset",
        "looked",
        "name",
        "operation",
        "outside",
        "park",
        "polled",
        "polls",
        "quiet_loops",
        "quiet_sleeps",
        "reacquires",
        "ready",
        "site",
        "thread",
        "touches",
        "unwinding",
        "wake",
        "yielding",
    )

    def __init__(self, id: int, ident: int, parking: Parking, name: str, daemon: bool) -> None:
        self.id = id
        self.ident = ident
        self.park = parking.park
        self.wake = parking.wake
        self.name = name
        self.daemon = daemon
        self.thread: Any = None
        self.fresh = True
        self.finished = False
        self.blocked = False
        self.expired = False
        self.asleep = False
        self.yielding = False
        self.outside = False
        self.unwinding = False
        self.hooks_while_unwinding = 0
        self.deadline: int | None = None
        self.awaited: object = None
        self.ready: Callable[[], bool] = lambda: True
        self.reacquires: object = None
        self.polls = False
        self.polled = -2  # the step at which it last polled files in vain
        self.atomic = 0
        self.breakable = True
        self.doing: tuple[str, object] | None = None
        self.born_at: Site | None = None
        self.site: Site | None = None
        self.operation = "begin"
        self.touches: tuple[object, object] | None = None
        self.counts: dict[int, int] = {}
        self.held: dict[int, object] = {}
        self.lockset: frozenset[int] = frozenset()
        self.looked = False
        self.in_midst: list[InMidst] = []
        self.announced: dict[int, tuple[int, *InMidst]] = {}
        self.quiet_loops = 0
        self.quiet_sleeps = 0

    def has_effect(self) -> None:
        """This thread changed something that others can see: it does not merely spin."""
        self.quiet_loops = self.quiet_sleeps = 0

    @property
    def label(self) -> str:
        """What people call this thread."""
        return str(self.thread.name) if self.thread is not None else self.name


class Hold:
    """A lock that a controlled thread holds, and where it took it."""

    __slots__ = ("lock", "site", "thread")

    def __init__(self, thread: ControlledThread, lock: object, site: Site | None) -> None:
        self.thread = thread
        self.lock = lock
        self.site = site
