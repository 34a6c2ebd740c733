"""Random small programs of every kind of synchronization: "dpor" finds what running every interleaving finds."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

import racekit

STATEMENTS: dict[str, tuple[str, ...]] = {
    "read": ("local = 10 * local + shared.a",),
    "write": ("shared.a = local + 1",),
    "try the lock": ("if lock.acquire(False):", "    local += 100; lock.release()"),
    "wait": ("with condition:", "    if shared.a == 0: condition.wait()", "    local += shared.a"),
    "notify": ("with condition:", "    shared.a = 2; condition.notify()"),
    "put": ("items.put(local + 1)",),
    "get": ("local = 10 * local + items.get()",),
    "get now": ("try: local += items.get_nowait()", "except queue.Empty: local += 5"),
    "set": ("event.set()",),
    "wait for the event": ("event.wait()",),
    "result": ("local += future.result()",),
    "finish": ("try: future.set_result(3)", "except InvalidStateError: local += 9"),
    "cancel": ("local += 50 * future.cancel()",),
    "is it alive": ("local += 1000 * others[0].is_alive()",),
}
NEEDED = {"wait": "notify", "get": "put", "wait for the event": "set", "result": "finish"}
HEAD = """
import queue, threading
from concurrent.futures import CancelledError, Future, InvalidStateError

class Shared:
    a = 0

def body():
    shared, lock, event, items, future = Shared(), threading.Lock(), threading.Event(), queue.SimpleQueue(), Future()
    condition, others, results = threading.Condition(lock), [], [None] * 2
"""


def random_body(seed: int) -> Callable[[], object]:
    """Two threads of one or two statements each, of a few kinds, and of those that they wait for."""
    choice = random.Random(seed)
    kinds = choice.sample(list(STATEMENTS), 3)
    kinds += [NEEDED[kind] for kind in kinds if kind in NEEDED]
    lines = [HEAD]
    for number in range(2):
        lines += [f"    def thread_{number}():", "        local = 0", "        try:"]
        for kind in choice.choices(kinds, k=choice.randint(1, 2)):
            lines += [f"            {line}" for line in STATEMENTS[kind]]
        lines += ["        except CancelledError: local = -1", f"        results[{number}] = local"]
    lines.append("    others += [threading.Thread(target=each) for each in (thread_0, thread_1)]")
    lines.append("    for thread in others: thread.start()")
    lines.append("    for thread in others: thread.join()")
    lines.append("    return shared.a, *results")
    namespace: dict[str, Any] = {"__name__": __name__, "__file__": __file__}
    exec(compile("\n".join(lines), "<program>", "exec"), namespace)
    body: Callable[[], object] = namespace["body"]
    return body


def outcomes(body: Callable[[], object], strategy: str) -> set[object]:
    found = racekit.explore(body, strategy=strategy, executions=None, stop_on_failure=False)
    assert found.cut_by is None, str(found)
    return {*found.outcomes, *(failure.kind for failure in found.failures)}


@pytest.mark.parametrize("seed", range(30))
def test_no_outcome_of_a_random_program_is_missed(seed: int) -> None:
    body = random_body(seed)
    assert outcomes(body, "dpor") == outcomes(body, "bounded")
