"""A simulator of programs and of the strategies that sample their schedules, in which nothing else happens.

A thread is a generator that yields what it is about to do and to what. A step does that, and all up to the next yield.
As in racekit, a thread that was started can be chosen; it begins then, even if only to find a lock taken and to wait.
With `foresees_first` it cannot be chosen if it would have to wait.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence

Operation = tuple[str, object]
Thread = Generator[Operation, None, None]
First = Mapping[int, Operation]
"""What each thread but the caller does first."""

Program = Callable[[], tuple[Sequence[Thread], First, Callable[[], bool]]]
"""Makes the threads, the caller first, and what tells whether an execution of them has failed."""


class Execution:
    """Where the threads are; `counts` are each one's steps, `touched` how often each touched what."""

    def __init__(self, threads: Sequence[Thread], first: First, foresees_first: bool) -> None:
        self.threads = threads
        self.first = first
        self.foresees_first = foresees_first
        self.pending: dict[int, Operation] = {0: next(threads[0])}
        self.unbegun: list[int] = []
        self.ended: set[int] = set()
        self.held: set[object] = set()
        self.counts: Counter[int] = Counter()
        self.touched: dict[object, Counter[int]] = {}
        self.changed: set[object] = set()
        self.length = 0

    def enabled(self) -> list[int]:
        begun = [thread for thread, operation in self.pending.items() if self._can_do(operation)]
        begin = [each for each in self.unbegun if not self.foresees_first or self._can_do(self.first[each])]
        return sorted(begun + begin)

    def about_to(self, thread: int) -> Operation:
        return self.first[thread] if thread in self.unbegun else self.pending[thread]

    def _can_do(self, operation: Operation) -> bool:
        what, target = operation
        return target not in self.held if what == "acquire" else target in self.ended if what == "join" else True

    def step(self, thread: int) -> Operation | None:
        """What the thread did: nothing, if it began and found its lock taken."""
        self.counts[thread] += 1
        if thread in self.unbegun:
            self.unbegun.remove(thread)
            self.pending[thread] = next(self.threads[thread])
            if not self._can_do(self.pending[thread]):
                return None
        what, target = done = self.pending.pop(thread)
        match what:
            case "start":
                assert isinstance(target, int)
                self.unbegun.append(target)
            case "acquire":
                self.held.add(target)
            case "release":
                self.held.remove(target)
        if what not in ("start", "join"):
            self.length += 1
            self.touched.setdefault(target, Counter())[thread] += 1
            if what != "read":
                self.changed.add(target)
        try:
            self.pending[thread] = next(self.threads[thread])
        except StopIteration:
            self.ended.add(thread)
        return done


class Strategy:
    """Chooses at random; what else a strategy knows, it learns from the executions before."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def begin(self) -> None:
        """An execution begins."""

    def choose(self, execution: Execution, enabled: list[int]) -> int:
        return self.random.choice(enabled)

    def stepped(self, execution: Execution, thread: int, done: Operation | None) -> None:
        """`thread` was chosen and did this."""

    def end(self, execution: Execution) -> None:
        """An execution has ended."""


class PartialOrderSampling(Strategy):
    """Each event has a priority, which is drawn anew when another that it races with comes first."""

    def begin(self) -> None:
        self.priorities: dict[int, float] = {}

    def choose(self, execution: Execution, enabled: list[int]) -> int:
        for thread in enabled:
            self.priorities.setdefault(thread, self.random.random())
        return max(enabled, key=self.priorities.__getitem__)

    def stepped(self, execution: Execution, thread: int, done: Operation | None) -> None:
        del self.priorities[thread]
        for other in list(self.priorities):
            if done is not None and _race(done, execution.about_to(other)):
                del self.priorities[other]


def _race(one: Operation, other: Operation) -> bool:
    return one[1] == other[1] and not {one[0], other[0]} <= {"read"} and not {one[0], other[0]} & {"start", "join"}


class UniformWalk(Strategy):
    """The next step is that of a thread with a probability proportional to how many it has left, also unborn ones."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.profile: Counter[int] = Counter()

    def begin(self) -> None:
        self.left = Counter(self.profile)

    def choose(self, execution: Execution, enabled: list[int]) -> int:
        return self.draw(execution, enabled)

    def draw(self, execution: Execution, threads: list[int]) -> int:
        weights = [max(self.left[thread], 0) for thread in threads]
        if 0 in threads:  # the caller is the one who starts the others
            unborn = set(self.left) - {0} - set(execution.pending) - set(execution.unbegun) - execution.ended
            weights[threads.index(0)] += sum(max(self.left[thread], 0) for thread in unborn)
        return self.random.choices(threads, weights if any(weights) else None)[0]

    def stepped(self, execution: Execution, thread: int, done: Operation | None) -> None:
        self.left[thread] -= 1

    def end(self, execution: Execution) -> None:
        if execution.counts.total() >= self.profile.total():
            self.profile = execution.counts


class SelectivelyUniformWalk(UniformWalk):
    """One shared thing is selected: the order of what touches it is uniform, all else is at random."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.longest = 0
        self.shared: dict[object, Counter[int]] = {}

    def begin(self) -> None:
        self.selected = self.random.choice(list(self.shared)) if self.shared else None
        self.left = Counter(self.shared.get(self.selected, {}))
        self.next: int | None = None

    def choose(self, execution: Execution, enabled: list[int]) -> int:
        if self.selected is None:
            return self.random.choice(enabled)
        alive = sorted([*execution.unbegun, *execution.pending])
        if self.next not in alive:
            self.next = self.draw(execution, alive)
        ready = [thread for thread in enabled if thread == self.next or not self._has_to_wait(execution, thread)]
        if not ready:
            self.next = self.draw(execution, enabled)
            ready = [self.next]
        return self.random.choice(ready)

    def _has_to_wait(self, execution: Execution, thread: int) -> bool:
        what, target = execution.about_to(thread)
        return target == self.selected and what not in ("start", "join")

    def stepped(self, execution: Execution, thread: int, done: Operation | None) -> None:
        if done is None:
            return
        what, target = done
        if what == "start":
            if self.next == thread:
                assert isinstance(target, int)
                self.next = self.draw(execution, [thread, target])
        elif target == self.selected and what != "join":
            self.left[thread] -= 1
            self.next = None

    def end(self, execution: Execution) -> None:
        if execution.length > self.longest:
            self.longest = execution.length
            self.shared = {
                target: by for target, by in execution.touched.items() if len(by) > 1 and target in execution.changed
            }


STRATEGIES: Mapping[str, type[Strategy]] = {
    "random": Strategy,
    "pos": PartialOrderSampling,
    "urw": UniformWalk,
    "surw": SelectivelyUniformWalk,
}


def percent_of_failures(program: Program, name: str, executions: int, foresees_first: bool = False) -> float:
    strategy = STRATEGIES[name](seed=1)
    failed = 0
    for _ in range(executions):
        threads, first, has_failed = program()
        execution = Execution(threads, first, foresees_first)
        strategy.begin()
        while enabled := execution.enabled():
            thread = strategy.choose(execution, enabled)
            strategy.stepped(execution, thread, execution.step(thread))
        strategy.end(execution)
        failed += has_failed()
    return 100 * failed / executions


# --- programs ---------------------------------------------------------------------------------------------------------


def _caller(*threads: int) -> Thread:
    yield from (("start", thread) for thread in threads)
    yield from (("join", thread) for thread in threads)


def twostage(reads: int) -> Program:
    """reads: how often the reader reads the first value, if that is set: once as published, twice as ported."""

    def program() -> tuple[Sequence[Thread], First, Callable[[], bool]]:
        data1 = data2 = 0
        failures: list[bool] = []

        def write() -> Thread:
            nonlocal data1, data2
            yield "acquire", "lock1"
            yield "write", "data1"
            data1 = 1
            yield "release", "lock1"
            yield "acquire", "lock2"
            yield "read", "data1"
            data2 = data1 + 1
            yield "release", "lock2"

        def read() -> Thread:
            yield "acquire", "lock1"
            yield "read", "data1"
            is_set = data1 == 1
            if is_set:
                yield from [("read", "data1")] * (reads - 1)
            yield "release", "lock1"
            if is_set:
                yield "acquire", "lock2"
                failures.append(data2 != 2)
                yield "release", "lock2"

        first = ("acquire", "lock1")
        return (_caller(1, 2), write(), read()), {1: first, 2: first}, lambda: any(failures)

    return program


def stringbuffer(own_lock: bool, joins: bool) -> Program:
    """own_lock: the buffer that is appended to has a lock, too. joins: the caller joins the other thread."""

    def program() -> tuple[Sequence[Thread], First, Callable[[], bool]]:
        text = "abc"
        failures: list[bool] = []

        def append_buffer() -> Thread:
            yield "start", 1
            yield from [("acquire", "own lock")] * own_lock
            yield "acquire", "lock"
            count = len(text)
            yield "release", "lock"
            yield "acquire", "lock"
            failures.append(count > len(text))
            yield "release", "lock"
            yield from [("release", "own lock")] * own_lock
            yield from [("join", 1)] * joins

        def replace() -> Thread:
            nonlocal text
            for after in ("", "abc"):
                yield "acquire", "lock"
                text = after
                yield "release", "lock"

        return (append_buffer(), replace()), {1: ("acquire", "lock")}, lambda: any(failures)

    return program
