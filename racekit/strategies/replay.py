"""Following a schedule that was written down."""

from __future__ import annotations

from collections.abc import Sequence

from racekit.errors import ScheduleMismatch
from racekit.runtime.scheduling_point import SchedulingPoint, TraceEntry
from racekit.schedule import Schedule, Switch


class Replay:
    """Departs from the default exactly where the schedule says so.

    Raises ScheduleMismatch, from `choose` or `check_followed`, when the body does not get there.
    """

    cut_by: str | None = None
    interleavings: int | None = None
    preemptions_ruled_out = 0

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self._switches = schedule.switches
        self._next = 0

    compares_events = False

    def begin(self) -> bool:
        return True

    def choose(self, point: SchedulingPoint) -> int:
        if self._next == len(self._switches):
            return point.default
        switch = self._switches[self._next]
        if switch.thread != point.current or point.position() != switch.position:
            return point.default
        if switch.to not in point.enabled:
            raise ScheduleMismatch(
                f"The schedule does not fit the body: at switch {self._next + 1} of {len(self._switches)} ({switch}), "
                f"where thread {switch.thread} {switch.position.words}, thread {switch.to} cannot go on "
                f"(only {_listed(point.enabled)} can). The code may have changed since: find the failure again."
            )
        self._next += 1
        return switch.to

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        pass

    def restart(self) -> None:
        pass

    @property
    def followed(self) -> bool:
        """Whether the execution has come through every switch."""
        return self._next == len(self._switches)

    def check_followed(self, steps: int) -> None:
        """After the execution: it must have come through every switch."""
        if not self.followed:
            switch: Switch = self._switches[self._next]
            raise ScheduleMismatch(
                f"The schedule does not fit the body: after {steps} steps the execution was over, but thread "
                f"{switch.thread} never came to where it {switch.position.words} (switch {self._next + 1} of "
                f"{len(self._switches)}, {switch}). The code may have changed since: find the failure again."
            )


class NoSearch(Replay):
    """No schedule at all: for what is run before a search, and nothing else."""

    cut_by = "a single schedule"

    def __init__(self) -> None:
        super().__init__(Schedule())

    def begin(self) -> bool:
        return False


def _listed(threads: tuple[int, ...]) -> str:
    return ", ".join(map(str, threads))
