"""The search agrees with trying every order, on random histories."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from racekit.linearize import BLOCKED, Call, History, Modelled, Operation, Outcome, explanation, nearest
from racekit.linearize.history import NEVER, Raised, Returned
from racekit.linearize.model import Blocks


class Shelf:
    """A stack of at most two, whose `wait` blocks while it is empty; `value` is a register besides."""

    def __init__(self) -> None:
        self.items: list[int] = []
        self.value = 0

    def push(self, item: int) -> None:
        if len(self.items) == 2:
            raise OverflowError("full")
        self.items.append(item)

    def pop(self) -> int | None:
        return self.items.pop() if self.items else None

    def wait(self) -> int:
        if not self.items:
            raise Blocks
        return self.items.pop()

    def add(self, item: int) -> int:
        self.value += item
        return self.value


@st.composite
def plausible(draw: st.DrawFn, operation: Operation) -> Outcome:
    """An outcome that is not absurd for its operation, so that many histories can be explained."""
    match operation.name:
        case "push":
            return draw(st.sampled_from([Returned(None, "None")] * 3 + [Raised(OverflowError, ("full",), "full")]))
        case "add":
            return Returned(value := draw(st.integers(0, 3)), repr(value))
        case _:
            return Returned(value := draw(st.sampled_from([0, 1, None])), repr(value))


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Up to 8 operations in up to 3 threads, the last of each thread perhaps blocked."""
    lengths = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3).filter(lambda lengths: sum(lengths) <= 8))
    ends = draw(st.permutations([index for index, length in enumerate(lengths) for _ in range(2 * length)]))
    moments: list[list[int]] = [[] for _ in lengths]
    for moment, thread in enumerate(ends):
        moments[thread].append(moment)
    threads = []
    for own in moments:
        calls = []
        for index in range(0, len(own), 2):
            name = draw(st.sampled_from(["push", "pop", "wait", "add"]))
            operation = Operation(name, {"item": draw(st.integers(0, 1))} if name in ("push", "add") else {})
            is_last = index == len(own) - 2
            if name == "wait" and is_last and draw(st.booleans()):
                calls.append(Call(operation, BLOCKED, own[index], NEVER))
            else:
                calls.append(Call(operation, draw(plausible(operation)), own[index], own[index + 1]))
        threads.append(calls)
    final = draw(st.none() | st.integers(0, 2).map(lambda value: Returned(value, repr(value))))
    return History(threads, final=final)


def orders(history: History, real_time: bool) -> list[tuple[Call, ...]]:
    """Every order of the calls that came to an end that keeps the threads' own, and real time if it counts."""
    done = [[call for call in thread if call.returned != NEVER] for thread in history.threads]
    found = []
    for merge in merges([len(thread) for thread in done]):
        rest = [iter(thread) for thread in done]
        order = tuple(next(rest[number]) for number in merge)
        in_time = all(not (other.returned < one.called) for one, other in itertools.combinations(order, 2))
        if in_time or not real_time:
            found.append(order)
    return found


def merges(lengths: list[int]) -> Iterator[tuple[int, ...]]:
    """The ways to merge sequences of these lengths, as the number of the sequence that is next each time."""
    if not any(lengths):
        yield ()
    for number, length in enumerate(lengths):
        if length:
            for rest in merges([other - (at == number) for at, other in enumerate(lengths)]):
                yield (number, *rest)


def differences(history: History, order: tuple[Call, ...], results: bool) -> int | None:
    """How many calls give something else in this order; None if it gets stuck."""
    shelf = Shelf()
    off = 0
    for call in order:
        try:
            value: object = getattr(shelf, call.operation.name)(**call.operation.arguments)
            agrees = isinstance(call.outcome, Returned) and (not results or call.outcome.value == value)
        except Blocks:
            return None
        except OverflowError:
            agrees = isinstance(call.outcome, Raised)
        off += not agrees
    off += sum(bool(shelf.items) for call in history.calls if call.returned == NEVER)
    return off + (history.final is not None and history.final.value != shelf.value)  # type: ignore[union-attr]


def meaning() -> Modelled:
    return Modelled(Shelf, view=lambda shelf: shelf.value)


@pytest.mark.parametrize("results", [True, False])
@pytest.mark.parametrize("real_time", [True, False])
def test_an_order_is_found_if_and_only_if_there_is_one(real_time: bool, results: bool) -> None:
    explained: list[bool] = []

    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(histories())
    def agrees(history: History) -> None:
        found = explanation(history, meaning(), real_time=real_time, results=results)
        possible = [order for order in orders(history, real_time) if differences(history, order, results) == 0]
        assert (found is not None) == bool(possible)
        assert found is None or found in possible
        explained.append(found is not None)

    agrees()
    assert 20 < sum(explained) < len(explained) - 20


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(histories())
def test_the_nearest_order_differs_least(history: History) -> None:
    counts = [count for order in orders(history, True) if (count := differences(history, order, True)) is not None]
    found = nearest(history, meaning())
    if counts:
        assert found.differences == min(counts)
        done = tuple(call for call in found.order if call.returned != NEVER)
        assert differences(history, done, True) == min(counts)
    else:
        assert found.order == ()
