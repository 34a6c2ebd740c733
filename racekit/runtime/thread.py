"""A thread under control."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from racekit.runtime import originals

if TYPE_CHECKING:
    from racekit.watch.site import Site


class Parking:
    """Where one OS thread waits for its turn: `wake()` lets exactly one `park()` go on."""

    __slots__ = ("park", "wake")

    def __init__(self) -> None:
        lock = originals.allocate_lock()
        originals.lock_acquire(lock)
        # Bound to the built-in methods themselves, so that no replacement of the lock type's methods is ever in the way.
        self.park: Callable[..., bool] = originals.lock_acquire.__get__(lock)
        self.wake: Callable[[], None] = originals.lock_release.__get__(lock)


class ControlledThread:
    """One thread of an execution.

    It is *enabled* when it could take a step: not `finished`, not `blocked` (waiting for `awaited`), not `asleep` unless
    its deadline is the earliest. `atomic` counts the public operations of the standard library that it is inside of:
    within those, a synchronization is a scheduling point only if it blocks.
    """

    __slots__ = (
        "asleep",
        "atomic",
        "awaited",
        "blocked",
        "breakable",
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
        "lockset",
        "name",
        "operation",
        "outside",
        "park",
        "quiet_loops",
        "reacquires",
        "ready",
        "site",
        "thread",
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
        self.atomic = 0
        self.breakable = True
        self.doing: tuple[str, object] | None = None
        self.site: Site | None = None
        self.operation = "begin"
        self.held: dict[int, object] = {}
        self.lockset: frozenset[int] = frozenset()
        self.quiet_loops = 0

    @property
    def label(self) -> str:
        """What people call this thread."""
        return str(self.thread.name) if self.thread is not None else self.name
