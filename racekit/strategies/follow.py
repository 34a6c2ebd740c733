"""Following another execution as far as it can be followed: whatever does not fit is left out."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

from racekit.runtime.scheduling_point import SchedulingPoint, TraceEntry
from racekit.schedule import Position, Switch


class FollowSwitches:
    """Makes those of these switches that it comes to; otherwise it keeps to the default.

    `starts[i]` and `chosen[i]` say how long the trace was at scheduling point i, and who went on.
    """

    cut_by: str | None = None
    interleavings: int | None = None
    preemptions_ruled_out = 0

    def __init__(self, switches: Iterable[Switch], *, compares_events: bool = False) -> None:
        self._switches = tuple(switches)
        self._threads = {switch.thread for switch in self._switches}
        self.compares_events = compares_events
        self.begin()

    def begin(self) -> bool:
        self._to: defaultdict[tuple[int, Position], deque[int]] = defaultdict(deque)
        for switch in self._switches:
            self._to[switch.thread, switch.position].append(switch.to)
        self.starts: list[int] = []
        self.chosen: list[int] = []
        return True

    def choose(self, point: SchedulingPoint) -> int:
        chosen = point.default
        if point.current in self._threads:
            to = self._to.get((point.current, point.position()))
            if to and to[0] in point.enabled:
                chosen = to.popleft()
        self.starts.append(len(point.trace))
        self.chosen.append(chosen)
        return chosen

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        pass

    def restart(self) -> None:
        pass


class FollowOrder:
    """Lets the threads go on in this order, one step each; a thread that cannot is passed over for the default."""

    cut_by: str | None = None
    interleavings: int | None = None
    preemptions_ruled_out = 0
    compares_events = True

    def __init__(self, threads: Sequence[int]) -> None:
        self._threads = iter(threads)

    def begin(self) -> bool:
        return True

    def choose(self, point: SchedulingPoint) -> int:
        wanted = next(self._threads, point.default)
        return wanted if wanted in point.enabled else point.default

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        pass

    def restart(self) -> None:
        pass
