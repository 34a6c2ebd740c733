"""State machines of Hypothesis, with their rules called from several threads."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

import racekit
from racekit import BadArgument
from racekit.properties import concurrently
from racekit.properties.machines import Made, Step, program_of

QUICK = settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def run(machine: type[RuleBasedStateMachine], max_examples: int = 30, **options: Any) -> None:
    case = concurrently(machine, **options).TestCase
    case.settings = settings(QUICK, max_examples=max_examples)
    case.seed = 1
    case().runTest()


def failure(
    machine: type[RuleBasedStateMachine], kind: type[BaseException] = racekit.Inconsistent, **options: Any
) -> str:
    with pytest.raises(kind) as raised:
        run(machine, **options)
    return "\n".join(map(unwrapped, [str(raised.value), *getattr(raised.value, "__notes__", [])]))


def unwrapped(report: str) -> str:
    """The report with its sentence, the first paragraph, in one line."""
    sentence, _, rest = report.partition("\n\n")
    return f"{' '.join(sentence.split())}\n{rest}"


class Store:
    def __init__(self) -> None:
        self.rows: dict[int, int] = {}
        self.next = 0

    def insert(self, value: int) -> int:
        key = self.next
        self.next = key + 1
        self.rows[key] = value
        return key

    def delete(self, key: int) -> int:
        return self.rows.pop(key)


class LockedStore(Store):
    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()

    def insert(self, value: int) -> int:
        with self.lock:
            return super().insert(value)


class StoreMachine(RuleBasedStateMachine):
    keys = Bundle("keys")
    gone = Bundle("gone")
    store_type: type[Store] = LockedStore

    @initialize(target=keys)
    def begin(self) -> int:
        self.store = self.store_type()
        return self.store.insert(7)

    @rule(target=keys, value=st.integers(0, 3))
    def insert(self, value: int) -> int:
        return self.store.insert(value)

    @rule(target=gone, key=consumes(keys))
    def delete(self, key: int) -> int:
        return self.store.delete(key)


def test_a_machine_whose_rules_may_overlap_passes() -> None:
    run(StoreMachine)


def test_a_lost_insert_is_found_with_the_minimal_program() -> None:
    class Broken(StoreMachine):
        store_type = Store

    message = failure(Broken)
    assert message.splitlines()[0] == (
        "Not linearizable: no order of these 2 calls gives these results; the nearest is "
        "insert(0) in thread 2, insert(0) in thread 1, which would return 1, 2."
    )
    assert "    first     begin()    returned 7" not in message
    assert "    first     begin()    returned 0\n" in message


def test_values_from_a_bundle_are_those_of_each_run() -> None:
    """The key that an insert returns depends on the order; what deletes it is given the key of this execution."""

    class Machine(StoreMachine):
        @rule(target=StoreMachine.gone, value=st.integers(0, 3))
        def insert_and_forget(self, value: int) -> int:
            return self.store.insert(value)

    run(Machine)


def test_values_of_multiple_results() -> None:
    class Machine(RuleBasedStateMachine):
        parts = Bundle("parts")

        @rule(target=parts)
        def make(self) -> Any:
            return multiple([], [])

        @rule(part=parts, several=st.lists(parts, max_size=2))
        def change(self, part: list[int], several: list[list[int]]) -> None:
            part.append(1)
            assert all(isinstance(one, list) for one in several)

    run(Machine)


class Stack(RuleBasedStateMachine):
    results = Bundle("results")

    def __init__(self) -> None:
        super().__init__()
        self.items: list[int] = []

    @rule(item=st.integers(0, 3))
    def push(self, item: int) -> None:
        self.items.append(item)

    @precondition(lambda self: self.items)
    @rule(target=results)
    def pop(self) -> int:
        return self.items.pop()


def test_a_rule_is_not_called_where_some_order_denies_its_precondition() -> None:
    """With one item, two calls of pop are no program: the second one is not meant to be called."""
    run(Stack, max_examples=60)


def test_a_precondition_that_holds_in_every_order_lets_a_rule_be_called() -> None:
    class Broken(Stack):
        @precondition(lambda self: self.items)
        @rule(target=Stack.results)
        def pop(self) -> int:
            item = self.items[-1]
            del self.items[-1]
            return item

    message = failure(Broken, max_examples=150)
    assert "    thread 1  pop()    returned" in message
    assert "    thread 2  pop()    returned" in message


def test_invariants_are_checked_when_no_rule_is_under_way() -> None:
    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.total = 0
            self.parts = [0, 0]

        @rule(amount=st.integers(1, 3))
        def add(self, amount: int) -> None:
            self.total += amount
            self.parts[0] += amount

        @invariant()
        def total_is_sum(self) -> None:
            assert self.total == sum(self.parts)

    message = failure(Machine, AssertionError)
    assert "A failure when all was over: " in message
    assert "    thread 1  add(1)  returned None" in message


def test_a_view_shows_what_rules_do_not_return() -> None:
    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.total = 0

        @rule(amount=st.integers(1, 3))
        def add(self, amount: int) -> None:
            self.total += amount

        def view(self) -> int:
            return self.total

    assert "which would return None, None and leave 2." in failure(Machine)


def test_each_run_ends_with_the_teardown() -> None:
    alive: list[int] = []

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            alive.append(1)

        @rule()
        def nothing(self) -> None:
            assert alive

        def teardown(self) -> None:
            alive.pop()

    run(Machine, max_examples=10)
    assert alive == []


def test_a_rule_that_fails_without_threads_fails_as_hypothesis_has_it() -> None:
    class Machine(RuleBasedStateMachine):
        @rule()
        def wrong(self) -> None:
            raise KeyError("wrong")

    with pytest.raises(KeyError, match="wrong"):
        run(Machine)


def step(number: int, thread: int, uses: int | None = None) -> Step:
    arguments = {} if uses is None else {"value": Made("v", uses, 0)}
    return Step("call", arguments, number, thread)


def numbers(steps: list[Step], operations: int = 3) -> tuple[list[int], list[list[int]]]:
    program: Any = program_of(steps, 2, operations)
    return [call.number for call in program.prefix], [[call.number for call in thread] for thread in program.threads]


def test_the_steps_before_the_first_one_of_a_thread_are_the_prefix() -> None:
    assert numbers([step(0, 0), step(1, 0), step(2, 2), step(3, 1), step(4, 0)]) == ([0, 1], [[3, 4], [2]])


def test_a_step_that_needs_what_another_thread_makes_is_left_out() -> None:
    steps = [step(0, 0), step(1, 1), step(2, 2, uses=1), step(3, 2, uses=0), step(4, 2, uses=3), step(5, 1, uses=2)]
    assert numbers(steps) == ([0], [[1], [3, 4]])


def test_a_thread_has_at_most_so_many_operations() -> None:
    assert numbers([step(0, 1), step(1, 1), step(2, 2), step(3, 1)], operations=2) == ([], [[0, 1], [2]])


@pytest.mark.parametrize("wrong", [7, Store, Stack()])
def test_what_is_no_machine_is_refused(wrong: Any) -> None:
    with pytest.raises(BadArgument, match="is no RuleBasedStateMachine"):
        concurrently(wrong)
