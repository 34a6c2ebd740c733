"""Concurrent objects: programs that Hypothesis makes, histories that have to be explained, reports."""

from __future__ import annotations

import queue
import sys
import threading
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase

import racekit
from racekit import BadArgument
from racekit.properties import Blocks, concurrent, invariant, operation
from racekit.runtime.turn import TURN

QUICK = settings(
    max_examples=30, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


class UnlockedQueue:
    """It looks and acts without a lock."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.items: list[int] = []

    def put_nowait(self, item: int) -> None:
        if len(self.items) >= self.size:
            raise OverflowError("full")
        self.items.append(item)

    def get_nowait(self) -> int:
        if not self.items:
            raise LookupError("empty")
        return self.items.pop(0)


class LockedQueue(UnlockedQueue):
    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.lock = threading.Lock()

    def put_nowait(self, item: int) -> None:
        with self.lock:
            super().put_nowait(item)

    def get_nowait(self) -> int:
        with self.lock:
            return super().get_nowait()


def operations(queue: type[UnlockedQueue], **options: Any) -> Any:
    @concurrent(**options)
    class QueueOperations:
        def start(self) -> UnlockedQueue:
            return queue(2)

        @operation(item=st.integers(0, 9))
        def put(self, queue: UnlockedQueue, item: int) -> None:
            return queue.put_nowait(item)

        @operation()
        def get(self, queue: UnlockedQueue) -> int:
            return queue.get_nowait()

    return QueueOperations


def run(cls: Any, chosen: settings = QUICK) -> None:
    case = cls.TestCase
    case.settings = chosen
    case().runTest()


def failure(cls: Any, kind: type[BaseException] = racekit.Inconsistent, chosen: settings = QUICK) -> str:
    with pytest.raises(kind) as raised:
        run(cls, chosen)
    return "\n".join(map(unwrapped, [str(raised.value), *getattr(raised.value, "__notes__", [])]))


def unwrapped(report: str) -> str:
    """The report with its sentence, the first paragraph, in one line."""
    sentence, _, rest = report.partition("\n\n")
    return f"{' '.join(sentence.split())}\n{rest}"


def test_a_queue_with_a_lock_is_linearizable() -> None:
    run(operations(LockedQueue))


def test_a_queue_that_looks_and_acts_without_a_lock_is_not() -> None:
    with pytest.raises(racekit.Inconsistent):
        run(operations(UnlockedQueue))


def test_the_report_has_the_program_the_history_and_what_happened() -> None:
    message = failure(operations(UnlockedQueue))
    sentence, title, *rows = message.splitlines()
    assert sentence == (
        "Not linearizable: no order of these 2 calls gives these results; the nearest is put(0) in thread 2, "
        "put(0) in thread 1, which would return None, raise OverflowError('full')."
    )
    assert title == "  The calls, and when each began and ended, from left to right:"
    assert rows[:3] == [
        "    first     put(0)  returned None",
        "    thread 1  put(0)  returned None  |--------|",
        "    thread 2  put(0)  returned None     |--|",
    ]
    assert rows[3] == ""
    assert rows[4].split()[:5] == ["MainThread", "thread", "1", "thread", "2"]
    assert rows[-4] == ""
    assert rows[-3].endswith("::test_the_report_has_the_program_the_history_and_what_happened \\")
    assert rows[-2].startswith("           --race-replay='rk1:1@")
    assert rows[-1].startswith("  pin:     @concurrent(replay='rk1:1@")


# --- what operations may do ------------------------------------------------------------------------------------------


def test_operations_may_block() -> None:
    @concurrent()
    class Blocking:
        def start(self) -> queue.Queue[int]:
            return queue.Queue(1)

        @operation(item=st.integers(0, 1))
        def put(self, subject: queue.Queue[int], item: int) -> None:
            subject.put(item)

        @operation()
        def get(self, subject: queue.Queue[int]) -> int:
            return subject.get()

    run(Blocking)


class Mailbox:
    """Who finds it empty waits to be notified, but may have missed that."""

    def __init__(self) -> None:
        self.letters: list[int] = []
        self.arrived = threading.Condition()

    def put(self, letter: int) -> None:
        self.letters.append(letter)
        with self.arrived:
            self.arrived.notify()

    def take(self) -> int:
        if not self.letters:
            with self.arrived:
                self.arrived.wait()
        return self.letters.pop(0)


def test_a_call_that_blocks_although_it_does_so_in_no_order_is_a_deadlock() -> None:
    @concurrent()
    class Mail:
        def start(self) -> Mailbox:
            return Mailbox()

        @operation(letter=st.integers(0, 9))
        def put(self, subject: Mailbox, letter: int) -> None:
            subject.put(letter)

        @operation(group="reader")
        def take(self, subject: Mailbox) -> int:
            return subject.take()

    message = failure(Mail, racekit.Deadlock)
    assert message.startswith("Deadlock: no order of these 2 calls has take() in thread ")
    assert "block for ever; the nearest is put(0) in thread " in message
    assert "take()  blocks for ever" in message
    assert "waits on Mailbox.arr" in message


def test_an_exception_is_a_result() -> None:
    @concurrent()
    class Failing:
        def start(self) -> dict[int, int]:
            return {}

        @operation(key=st.integers(0, 1))
        def insert(self, subject: dict[int, int], key: int) -> None:
            subject[key] = 1

        @operation(key=st.integers(0, 1))
        def delete(self, subject: dict[int, int], key: int) -> int:
            return subject.pop(key)

    run(Failing)


def test_a_failed_assertion_in_an_operation_is_a_failure() -> None:
    @concurrent()
    class Asserting:
        def start(self) -> list[int]:
            return [0]

        @operation()
        def add(self, subject: list[int]) -> None:
            before = subject[0]
            subject[0] = before + 1
            assert subject[0] == before + 1, "somebody else was here"

    message = failure(Asserting, AssertionError)
    assert "somebody else was here" in message
    assert "raised AssertionError('somebody else was here" in message
    assert "blocks for ever" not in message
    assert "  The calls, and when each began and ended" in message


def test_invariants_hold_when_no_operation_is_under_way() -> None:
    seen: list[int] = []

    @concurrent()
    class Pair:
        def start(self) -> list[int]:
            return [0, 0]

        @operation()
        def change(self, subject: list[int]) -> None:
            subject[0] = 1 - subject[0]
            subject[1] = 1 - subject[1]

        @invariant
        def both_are_the_same(self, subject: list[int]) -> None:
            seen.append(subject[0])
            assert subject[0] == subject[1]

    message = failure(Pair, AssertionError)
    assert "A failure when all was over: AssertionError" in message
    assert seen


def test_what_fails_without_threads_is_said_to() -> None:
    @concurrent(prefix=0)
    class Growing:
        """Its first execution side by side is inconsistent; one after the other, the second call breaks the rule."""

        def start(self) -> list[int]:
            return []

        @operation()
        def add(self, subject: list[int]) -> int:
            subject.append(1)
            return -1 if len(subject) > 1 else 0

        @invariant
        def one_at_most(self, subject: list[int]) -> None:
            if threading.current_thread() is not threading.main_thread():
                assert len(subject) < 2

    message = failure(Growing, AssertionError)
    assert "It fails even though one call comes after the other: add(), add(): AssertionError" in message
    assert "    thread 1  add()" in message


def test_operations_of_a_group_never_overlap() -> None:
    programs: list[set[str]] = []

    @concurrent(threads=3)
    class Grouped:
        def start(self) -> set[str]:
            running: set[str] = set()
            programs.append(running)
            return running

        @operation(group="writer")
        def write(self, subject: set[str]) -> None:
            subject.add(threading.current_thread().name)

        @operation(group="writer")
        def clear(self, subject: set[str]) -> None:
            subject.add(threading.current_thread().name)

        @operation()
        def read(self, subject: set[str]) -> None:
            pass

    run(Grouped)
    assert any(programs)
    assert all(len(names - {"MainThread"}) <= 1 for names in programs)


def test_results_are_kept_as_they_were_when_a_call_returned() -> None:
    @concurrent()
    class Growing:
        def start(self) -> list[int]:
            return []

        @operation(item=st.integers(0, 1))
        def add(self, subject: list[int], item: int) -> None:
            subject.append(item)

        @operation()
        def all(self, subject: list[int]) -> list[int]:
            return subject

    run(Growing)


def test_arguments_are_new_in_each_execution() -> None:
    @concurrent()
    class Eating:
        def start(self) -> None:
            return None

        @operation(items=st.lists(st.integers(), min_size=2, max_size=2))
        def eat(self, subject: None, items: list[int]) -> int:
            items.pop()
            return len(items)

    run(Eating)


def test_all_is_drawn_before_a_thread_starts() -> None:
    drawn_in: set[str] = set()

    def noticed(value: int) -> int:
        drawn_in.add(threading.current_thread().name if TURN.scheduler is None else "an execution")
        return value

    @concurrent()
    class Drawing:
        def start(self) -> None:
            return None

        @operation(value=st.integers(0, 9).map(noticed))
        def use(self, subject: None, value: int) -> int:
            return value

    run(Drawing)
    assert drawn_in == {"MainThread"}


def test_stop_lets_go_of_what_start_made() -> None:
    open_now: list[int] = []

    @concurrent()
    class Opened:
        def start(self) -> list[int]:
            open_now.append(1)
            return open_now

        @operation()
        def look(self, subject: list[int]) -> int:
            return len(subject)

        def stop(self, subject: list[int]) -> None:
            subject.pop()

    run(Opened)
    assert open_now == []


# --- consistency -----------------------------------------------------------------------------------------------------


class Cached:
    """A register whose readers remember what they have read."""

    def __init__(self) -> None:
        self.value = 0
        self.own = threading.local()

    def write(self, value: int) -> None:
        self.value = value

    def read(self) -> int:
        if not hasattr(self.own, "value"):
            self.own.value = self.value
        return self.own.value


def register(**options: Any) -> Any:
    @concurrent(prefix=0, **options)
    class Register:
        def start(self) -> Cached:
            return Cached()

        @operation(group="writer")
        def write(self, subject: Cached) -> None:
            subject.write(1)

        @operation(group="reader")
        def read(self, subject: Cached) -> int:
            return subject.read()

    return Register


class Plain:
    def __init__(self) -> None:
        self.value = 0

    def write(self) -> None:
        self.value = 1

    def read(self) -> int:
        return self.value


def test_a_stale_read_is_not_linearizable() -> None:
    message = failure(register(model=Plain))
    assert message.startswith("Not linearizable: no order of these 3 calls gives these results; the nearest is ")


def test_a_stale_read_is_sequentially_consistent() -> None:
    run(register(model=Plain, consistency="sequential"))


def counter(**options: Any) -> Any:
    @concurrent(prefix=0, **options)
    class Counter:
        """Each call says what it has seen, so results differ; the sum is right."""

        def start(self) -> list[int]:
            return [0]

        @operation()
        def add(self, subject: list[int]) -> int:
            lock = self.__dict__.setdefault("lock", threading.Lock())
            seen = subject[0]
            with lock:
                subject[0] += 1
            return seen

        def view(self, subject: list[int]) -> list[int]:
            return subject

    return Counter


def test_results_do_not_count_where_only_the_end_has_to_be_serializable() -> None:
    failure(counter(consistency="sequential"))
    run(counter(consistency="serializable"))


def test_a_lost_update_is_not_serializable() -> None:
    @concurrent(consistency="serializable")
    class Lost:
        def start(self) -> list[int]:
            return [0]

        @operation()
        def add(self, subject: list[int]) -> None:
            subject[0] += 1

        def view(self, subject: list[int]) -> int:
            return subject[0]

    assert failure(Lost).startswith(
        "Not serializable: no order of these 2 calls gives 1; "
        "the nearest is add() in thread 2, add() in thread 1, which would leave 2."
    )


# --- models ----------------------------------------------------------------------------------------------------------


class QueueModel:
    def __init__(self) -> None:
        self.items: list[int] = []

    def put(self, item: int) -> None:
        if len(self.items) == 2:
            raise OverflowError("full")
        self.items.append(item)

    def get(self) -> int:
        if not self.items:
            raise LookupError("empty")
        return self.items.pop(0)


class StackModel(QueueModel):
    def get(self) -> int:
        if not self.items:
            raise LookupError("empty")
        return self.items.pop()


def test_a_queue_is_what_its_model_says() -> None:
    run(operations(LockedQueue, model=QueueModel))
    failure(operations(UnlockedQueue, model=QueueModel))


def test_a_queue_is_no_stack() -> None:
    failure(operations(LockedQueue, model=StackModel), chosen=settings(QUICK, max_examples=200))


def test_a_model_says_when_an_operation_blocks() -> None:
    class Waiting(QueueModel):
        def get(self) -> int:
            if not self.items:
                raise Blocks
            return self.items.pop(0)

    def class_of(model: type[QueueModel]) -> Any:
        @concurrent(model=model, prefix=0)
        class Jobs:
            def start(self) -> queue.SimpleQueue[int]:
                return queue.SimpleQueue()

            @operation()
            def get(self, subject: queue.SimpleQueue[int]) -> int:
                return subject.get()

        return Jobs

    run(class_of(Waiting), settings(QUICK, max_examples=3))
    failure(class_of(QueueModel), racekit.Deadlock)


def test_a_model_without_a_method_is_refused() -> None:
    with pytest.raises(BadArgument, match="The model list has no method put: give it one for each operation"):
        run(operations(LockedQueue, model=list))


# --- settings, collection, arguments ---------------------------------------------------------------------------------


def test_max_examples_is_kept_to() -> None:
    started: list[int] = []

    @concurrent(executions=1)
    class Counted:
        def start(self) -> None:
            started.append(1)

        @operation(value=st.integers())
        def nothing(self, subject: None, value: int) -> None:
            pass

    run(Counted, settings(QUICK, max_examples=7))
    assert 5 <= len(started) <= 7 * 2 * 2  # two programs of each example, side by side and alone


def test_what_failed_in_the_last_run_is_run_again_and_nothing_else() -> None:
    executions: list[list[str]] = []

    class Noting(UnlockedQueue):
        def __init__(self, size: int) -> None:
            super().__init__(size)
            self.calls: list[str] = []
            executions.append(self.calls)

        def put_nowait(self, item: int) -> None:
            self.calls.append(f"put {item}")
            super().put_nowait(item)

        def get_nowait(self) -> int:
            self.calls.append("get")
            return super().get_nowait()

    cls = operations(Noting)
    chosen = settings(QUICK, database=InMemoryExampleDatabase(), derandomize=False)
    failure(cls, chosen=chosen)
    executions.clear()
    failure(cls, chosen=settings(chosen, phases=[Phase.reuse]))
    program = max(map(Counter, executions), key=Counter.total)
    assert all(Counter(calls) <= program for calls in executions)


def test_what_failed_before_the_class_was_changed_is_made_as_small_as_can_be() -> None:
    """Hypothesis makes up the amounts that the kept example lacks."""

    def counting(amounts: dict[str, Any]) -> Any:
        @concurrent()
        class Counting:
            def start(self) -> list[int]:
                return [0]

            @operation(**amounts)
            def add(self, subject: list[int], amount: int = 1) -> int:
                subject[0] += amount
                return subject[0]

        return Counting

    chosen = settings(QUICK, database=InMemoryExampleDatabase(), derandomize=False)
    failure(counting({}), chosen=chosen)
    message = failure(counting({"amount": st.integers(1, 1000)}), chosen=chosen)
    assert "thread 1  add(1)" in message
    assert "thread 2  add(1)" in message


def test_a_seed_can_be_set() -> None:
    cls = operations(LockedQueue)
    assert cls.TestCase.seed is None
    cls.TestCase.seed = 3
    run(cls)


SMALL_PROJECT = """
    import hypothesis.strategies as st
    import racekit
    from racekit.properties import concurrent, operation

    class Counter:
        value = 0
        def increment(self):
            self.value = self.value + 1
            return self.value

    @concurrent()
    class CounterOperations:
        def start(self):
            return Counter()

        @operation()
        def increment(self, counter):
            return counter.increment()

    TestCounterOperations = CounterOperations.TestCase
"""


@pytest.mark.parametrize("arguments", [(), ("--race",)])
def test_pytest_collects_it(pytester: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    pytester.makepyfile(test_small=SMALL_PROJECT)
    result = pytester.runpytest("-p", "no:cacheprovider", *arguments)
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*another exception occurred*")
    result.stdout.fnmatch_lines(
        [
            "*Not linearizable: no order of these 2 calls gives these results; the nearest is*",
            "*thread 1  increment()  returned 1  |*",
        ]
    )


def test_unittest_collects_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_small=SMALL_PROJECT)
    result = pytester.run(sys.executable, "-m", "unittest", "test_small")
    assert result.ret == 1
    result.stderr.fnmatch_lines(["FAIL: runTest (test_small.CounterOperations.TestCase*", "*Not linearizable: *"])


def no_start() -> Any:
    class Empty:
        @operation()
        def nothing(self, subject: object) -> None: ...

    return Empty


def no_operations() -> Any:
    class Empty:
        def start(self) -> None: ...

    return Empty


def wrong_parameters() -> Any:
    class Wrong:
        def start(self) -> None: ...

        @operation(value=st.integers())
        def put(self, subject: object, item: int) -> None: ...

    return Wrong


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (no_start, r"Empty has no method start\(self\)"),
        (no_operations, "Empty has no operations: mark the methods"),
        (wrong_parameters, "Wrong.put cannot be called with a subject and the arguments that @operation names"),
    ],
)
def test_a_class_that_lacks_something_is_refused(cls: Any, message: str) -> None:
    with pytest.raises(BadArgument, match=message):
        concurrent()(cls())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threads": 1}, "threads=1 is not a whole number of 2 or more"),
        ({"prefix": -1}, "prefix=-1 is not a whole number of 0 or more"),
        ({"operations": 0}, "operations=0 is not a whole number of 1 or more"),
        ({"consistency": "eventual"}, "There is no consistency 'eventual'"),
        ({"execution": 3}, "no option 'execution'"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadArgument, match=message):
        concurrent(**options)


def test_serializable_needs_a_view() -> None:
    with pytest.raises(BadArgument, match=r"has no method view\(self, subject\)"):
        operations(LockedQueue, consistency="serializable")


def test_an_operation_wants_strategies() -> None:
    with pytest.raises(BadArgument, match=r"is not a strategy: use st\.just"):
        operation(item=3)
