"""What an execution takes is bounded by what the threads share, not by what they do, where nobody reads the trace."""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
from collections.abc import Callable, Sequence

import pytest

from racekit.explore import explore_body
from racekit.options import Options
from racekit.runtime.scheduling_point import TraceEntry
from racekit.strategies.pct import Pct
from racekit.strategies.protocol import Strategy
from racekit.strategies.surw import Surw


class Shared:
    def __init__(self) -> None:
        self.value = 0
        self.items: dict[int, int] = {}
        self.lock = threading.Lock()

    def update(self, times: int) -> None:
        for _ in range(times):
            self.value = self.value + 1

    def update_under_lock(self, times: int) -> None:
        for _ in range(times):
            with self.lock:
                self.value = self.value + 1

    def store_items(self, times: int) -> None:
        for number in range(times):
            self.items[number % 10] = number


def body(method: str, times: int) -> Callable[[], None]:
    def run() -> None:
        shared = Shared()
        threads = [threading.Thread(target=getattr(shared, method), args=(times,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run


METHODS = ["update", "update_under_lock", "store_items"]
OPTIONS = Options(executions=2, steps=1_000_000, strategy="pct")


def most_memory(method: str, times: int) -> int:
    """How many bytes the second of two executions takes at most."""
    run = body(method, times)
    taken: list[int] = []

    def measured() -> None:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        run()
        taken.append(tracemalloc.get_traced_memory()[1] - before)

    gc.collect()
    tracemalloc.start()
    try:
        explore_body(measured, OPTIONS)
        return taken[-1]
    finally:
        tracemalloc.stop()


HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
TIMES_MEASURED = 1 if HAS_GIL else 5  # memory is freed at once, or a little later in some of the times


@pytest.mark.parametrize("method", METHODS)
def test_ten_times_the_events_take_no_more_memory(method: str) -> None:
    most_memory(method, 10)  # what is rewritten, and kept for the next time
    few, many = (min(most_memory(method, times) for _ in range(TIMES_MEASURED)) for times in (100, 1000))
    events = 2 * (1000 - 100)
    if HAS_GIL:
        assert many - few < events  # not a byte for each
    else:
        assert many - few < events * sys.getsizeof((1, 2, 3, 4))  # not an entry of a trace for each


@pytest.mark.parametrize(
    ("strategy", "is_told"), [(Pct(seed=0, depth=3), False), (Surw(seed=0), True)], ids=["pct", "surw"]
)
def test_a_trace_is_kept_for_a_strategy_that_compares_events_and_for_no_other(
    strategy: Strategy, is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    end = strategy.end

    def noting(trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        told.append(len(trace))
        end(trace, kinds)

    monkeypatch.setattr(strategy, "end", noting)
    explore_body(body("update", 10), OPTIONS, strategy=strategy)
    assert (max(told) > 40) if is_told else (max(told) == 0)


def test_a_trace_is_kept_for_who_judges_the_executions() -> None:
    seen: list[int] = []
    explore_body(body("update", 10), OPTIONS, until=lambda run: bool(seen.append(len(run.accesses()))))
    assert max(seen) >= 40
