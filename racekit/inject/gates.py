"""Where threads wait for one another, at injected lines: one step each under control, real waiting otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from racekit.errors import RacekitError
from racekit.runtime import originals
from racekit.runtime.primitives.operations import atomic
from racekit.runtime.turn import TURN


class InjectionTimeout(RacekitError, TimeoutError):
    """Threads that are not under control did not come together in time at an injected barrier, pause or order."""


def under_control() -> bool:
    return originals.get_ident() == TURN.ident


class Gate:
    """What the threads at one barrier, pause or order have done so far, and who waits there now."""

    def __init__(self, *, is_open: bool = False) -> None:
        self.condition = threading.Condition(threading.Lock())
        self.open = is_open
        self.arrived = 0
        self.passed = 0
        self.waiting: dict[threading.Thread, Visit] = {}
        self.given_up = ""


class Visit:
    """A thread that has come to a gate. `timeout` is for threads that are not under control: others need none."""

    def __init__(self, gate: Gate, place: object, timeout: float) -> None:
        self.gate = gate
        self.place = place
        self.timeout = timeout

    def arrive(self) -> None:
        """It is here. Like `ready` and `leave`, called with the lock of the gate's condition held."""

    def ready(self) -> bool:
        """Whether it may go on."""
        return True

    def leave(self) -> None:
        """It goes on."""

    @property
    def racekit_description(self) -> str:
        """What it waits for, at the moment."""
        return str(self.place)

    def wait(self) -> None:
        """Come, wait until it may go on, and go on."""
        gate, thread = self.gate, threading.current_thread()
        with gate.condition:
            self.arrive()
            gate.waiting[thread] = self
            try:
                while not self.ready():
                    if gate.given_up:
                        raise InjectionTimeout(gate.given_up)
                    in_time = gate.condition.wait(None if under_control() else self.timeout)
                    if not in_time and not self.ready():
                        self._give_up()
            finally:
                del gate.waiting[thread]
            self.leave()

    def _give_up(self) -> None:
        """Nobody came for too long: whoever waits here, and whoever comes later, is told."""
        lines = [
            f"  {thread.name} waits for {visit.racekit_description}" for thread, visit in self.gate.waiting.items()
        ]
        self.gate.given_up = (
            f"Nobody could go on within {self.timeout:g} seconds: this cannot happen, or needs a longer timeout=.\n"
            + "\n".join(lines)
        )
        self.gate.condition.notify_all()


class AtBarrier(Visit):
    """Goes on when `parties` threads have come."""

    def __init__(self, gate: Gate, place: object, timeout: float, parties: int) -> None:
        super().__init__(gate, place, timeout)
        self.parties = parties
        self.needed = 0

    def arrive(self) -> None:
        self.gate.arrived += 1
        self.needed = -(-self.gate.arrived // self.parties) * self.parties
        if self.gate.arrived == self.needed:
            self.gate.condition.notify_all()

    def ready(self) -> bool:
        return self.gate.arrived >= self.needed

    @property
    def racekit_description(self) -> str:
        come = self.gate.arrived - self.needed + self.parties
        return f"the barrier {self.place}, where {come} of {self.parties} {'has' if come == 1 else 'have'} come"

    pass_by = atomic(Visit.wait, "barrier")


class AtPause(Visit):
    """Goes on when somebody has resumed it."""

    def __init__(self, gate: Gate, place: object, timeout: float, name: str) -> None:
        super().__init__(gate, place, timeout)
        self.name = name

    def ready(self) -> bool:
        return self.gate.open

    @property
    def racekit_description(self) -> str:
        return f"the pause {self.name!r} {self.place}, which nobody has resumed"

    pass_by = atomic(Visit.wait, "pause")


class InOrder(Visit):
    """Goes on when the places before it in `order` have been passed; at once, when its own turns are over."""

    def __init__(self, gate: Gate, place: object, timeout: float, name: str, order: tuple[str, ...]) -> None:
        super().__init__(gate, place, timeout)
        self.name = name
        self.order = order

    def ready(self) -> bool:
        rest = self.order[self.gate.passed :]
        return self.name not in rest or rest[0] == self.name

    def leave(self) -> None:
        if self.order[self.gate.passed : self.gate.passed + 1] == (self.name,):
            self.gate.passed += 1
            self.gate.condition.notify_all()

    @property
    def racekit_description(self) -> str:
        return f"its turn at {self.name!r} {self.place}: the next in order is {self.order[self.gate.passed]!r}"

    pass_by = atomic(Visit.wait, "order")


def _open(gate: Gate) -> None:
    with gate.condition:
        gate.open = True
        gate.condition.notify_all()


resume: Callable[[Gate], Any] = atomic(_open, "resume")
"""Let everybody go on who waits, or will wait, at a gate."""
