"""Changes during an iteration: a container gets or loses items while another thread goes through it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from racekit.diagnose.accesses import last_before_error, name_of, touches_same
from racekit.failure import Diagnosis, Failure
from racekit.user_values import message_of

_MESSAGE = re.compile(r"(changed|mutated|changed size) during iteration")


def changed_during_iteration(failure: Failure) -> Iterator[Diagnosis]:
    """The error of a dict, set or deque, and another thread's write to what the loop goes through."""
    if not isinstance(failure.exception, RuntimeError) or not _MESSAGE.search(message_of(failure.exception)):
        return
    trace, index = failure.trace, last_before_error(failure)
    if index is None:
        return
    step = trace.events[index]
    for change in range(index - 1, -1, -1):
        event = trace.events[change]
        if event.operation == "write" and event.thread != step.thread and touches_same(event, step):
            yield Diagnosis(
                "changed during iteration",
                f"Changed during iteration: {name_of(trace, event)} changed {event.target} "
                f"while {name_of(trace, step)} was going through {step.target}",
                (change, index),
                "Go through a copy made by list(...), or hold the lock that those who change it hold.",
            )
            return
