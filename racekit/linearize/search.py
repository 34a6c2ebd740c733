"""Is there a sequential order that explains a history?

The search of Wing and Gong ("Testing and verifying concurrent objects", JPDC 1993): take any call that could have been
the first, compare its result with what the sequential object gives, go on with the rest, and take back what leads
nowhere. With the improvements of Lowe ("Testing for linearizability", CCPE 2017): a configuration, which is the calls
done so far and the state they lead to, is looked at once; and since each thread's calls are in order, the calls done
are one number for each thread, and only the next call of each is a candidate.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from racekit.linearize.history import BLOCKED, NEVER, Blocked, Call, History, Operation, Outcome, Raised
from racekit.linearize.values import Renaming, same

State = TypeVar("State", bound=Hashable)


class Meaning(Protocol[State]):
    """What operations mean one after the other. Equal states have equal futures."""

    def start(self) -> State:
        """The state after the prefix."""
        ...

    def perform(self, state: State, operation: Operation) -> tuple[Outcome, State]:
        """What `operation` gives in `state`, and the state that it leads to; BLOCKED if it does not come to an end."""
        ...

    def final(self, state: State) -> Outcome:
        """What can be seen in `state` when all calls are done."""
        ...


@dataclass(frozen=True, slots=True)
class Nearest:
    """An order that comes near to a history: what each call gives in it, the last what can be seen at the end."""

    order: tuple[Call, ...]
    outcomes: tuple[Outcome, ...]
    final: Outcome | None
    differences: int


def explanation(
    history: History, meaning: Meaning[State], *, real_time: bool = True, results: bool = True
) -> tuple[Call, ...] | None:
    """The calls that came to an end, in an order in which they give what they gave; None if there is no such order.

    Calls that blocked have no effect, and have to block after all others. real_time: whether a call that returned
    before another one was called has to come before it. results: whether returned values count, or only exceptions
    and what can be seen at the end.
    """
    return _Search(history, meaning, real_time, results).run()


class _Search(Generic[State]):
    def __init__(self, history: History, meaning: Meaning[State], real_time: bool, results: bool) -> None:
        self.meaning = meaning
        self.final = history.final
        self.results = results
        self.real_time = real_time
        self.threads = [[call for call in thread if call.returned != NEVER] for thread in history.threads]
        self.blocked = [call for thread in history.threads for call in thread if call.returned == NEVER]
        self.seen: set[Hashable] = set()

    def run(self) -> tuple[Call, ...] | None:
        order: list[Call] = []
        start = self._configuration(tuple(0 for _ in self.threads), self.meaning.start(), {})
        stack = [] if start is None else [start]
        while stack:
            done, state, renaming, candidates = stack[-1]
            if all(at == len(thread) for at, thread in zip(done, self.threads, strict=True)):
                if self._ends_well(state, renaming):
                    return tuple(order)
                following = None
            else:
                following = next(candidates, None)
            if following is None:
                stack.pop()
                if order:
                    order.pop()
                continue
            thread, call = following
            outcome, after = self.meaning.perform(state, call.operation)
            extended = agree(call.outcome, outcome, renaming, self.results)
            if extended is None:
                continue
            entered = self._configuration((*done[:thread], done[thread] + 1, *done[thread + 1 :]), after, extended)
            if entered is not None:
                stack.append(entered)
                order.append(call)
        return None

    def _configuration(
        self, done: tuple[int, ...], state: State, renaming: Renaming
    ) -> tuple[tuple[int, ...], State, Renaming, Iterator[tuple[int, Call]]] | None:
        """None if the search was there before."""
        key = (done, state, tuple(renaming.items()))
        if key in self.seen:
            return None
        self.seen.add(key)
        return done, state, renaming, iter(candidates(self.threads, done, self.real_time))

    def _ends_well(self, state: State, renaming: Renaming) -> bool:
        if any(self.meaning.perform(state, call.operation)[0] != BLOCKED for call in self.blocked):
            return False
        return self.final is None or agree(self.final, self.meaning.final(state), renaming, True) is not None


def candidates(threads: list[list[Call]], done: tuple[int, ...], real_time: bool) -> list[tuple[int, Call]]:
    """The calls that could be next, with their threads: no other one that is left has returned before they began."""
    heads = [
        (index, thread[at]) for index, (thread, at) in enumerate(zip(threads, done, strict=True)) if at < len(thread)
    ]
    if real_time and heads:
        first_return = min(call.returned for _, call in heads)
        heads = [(index, call) for index, call in heads if call.called <= first_return]
    return sorted(heads, key=lambda head: head[1].returned)


def agree(seen: Outcome, meant: Outcome, renaming: Renaming, results: bool) -> Renaming | None:
    """The renaming by which the two outcomes are the same, if there is one."""
    if isinstance(seen, Blocked) or isinstance(meant, Blocked):
        return renaming if seen == meant else None
    if isinstance(seen, Raised) or isinstance(meant, Raised):
        if not (isinstance(seen, Raised) and isinstance(meant, Raised) and seen.type is meant.type):
            return None
        return same(seen.value, meant.value, renaming) if results else renaming
    return same(seen.value, meant.value, renaming) if results else renaming


ORDERS_TRIED = 2_000


def nearest(history: History, meaning: Meaning[State], *, real_time: bool = True, results: bool = True) -> Nearest:
    """The order in which the fewest calls give something else than they gave.

    Of a long history only the first so many orders are tried, those that come first in time.
    """
    threads = [[call for call in thread if call.returned != NEVER] for thread in history.threads]
    blocked = [call for thread in history.threads for call in thread if call.returned == NEVER]
    best: Nearest | None = None
    tried = 0

    def visit(
        done: tuple[int, ...], state: State, order: tuple[Call, ...], outcomes: tuple[Outcome, ...], off: int
    ) -> None:
        nonlocal best, tried
        if tried >= ORDERS_TRIED or (best is not None and off >= best.differences):
            return
        heads = candidates(threads, done, real_time)
        if not heads:
            tried += 1
            for call in blocked:
                outcome, _ = meaning.perform(state, call.operation)
                order, outcomes = (*order, call), (*outcomes, outcome)
                off += outcome != BLOCKED
            final = None
            if history.final is not None:
                final = meaning.final(state)
                off += agree(history.final, final, {}, True) is None
            if best is None or off < best.differences:
                best = Nearest(order, outcomes, final, off)
            return
        for thread, call in heads:
            outcome, after = meaning.perform(state, call.operation)
            if isinstance(outcome, Blocked):
                continue
            visit(
                (*done[:thread], done[thread] + 1, *done[thread + 1 :]),
                after,
                (*order, call),
                (*outcomes, outcome),
                off + (agree(call.outcome, outcome, {}, results) is None),
            )

    visit(tuple(0 for _ in threads), meaning.start(), (), (), 0)
    return best if best is not None else Nearest((), (), None, len(history.calls))
