"""Well-known classes: the correct ones pass, and in the broken ones a minimal failing program is found soon."""

from __future__ import annotations

from statistics import mean

import hypothesis
import pytest
import subjects
from hypothesis import HealthCheck, settings

from racekit.options import Options
from racekit.programs.cutting import Cuts
from racekit.programs.judging import Task
from racekit.properties.calls import CallsSearch, search_calls
from racekit.properties.case import fails
from racekit.properties.objects import DEFAULTS, ClassSubject
from racekit.properties.search import Search

SEEDS = range(5)
CHOSEN = settings(database=None, suppress_health_check=list(HealthCheck))


def searched(cls: type, seed: int, chosen: settings = CHOSEN) -> Search:
    """A search with the options that `concurrent` has by default."""
    subject = ClassSubject(cls)
    cuts = Cuts(threads=2, prefix=3, operations=3, group=subject.group_of)
    search = CallsSearch(lambda program: Task(subject, program), Options(**DEFAULTS), cuts)
    if fails(search, search_calls(search, subject.calls(cuts.most), cls), chosen, hypothesis.seed(seed)):
        search.failure(lambda violation: [])
    return search


@pytest.mark.parametrize("cls", subjects.CORRECT, ids=lambda cls: cls.__name__)
def test_a_correct_class_passes(cls: type) -> None:
    assert searched(cls, 0, settings(CHOSEN, max_examples=40)).violation is None


MINIMAL: dict[type, set[str]] = {
    subjects.BrokenQueue: {
        *("first put(0); thread 1 put(0); thread 2 put(0)", "first put(0); thread 1 get(); thread 2 get()"),
        *("thread 1 put(0), get(); thread 2 get()", "thread 1 get(); thread 2 put(0), get()"),
        *("thread 1 put(0), put(0); thread 2 put(0)", "thread 1 put(0); thread 2 put(0), put(0)"),
    },
    subjects.BrokenDeque: {"thread 1 take(); thread 2 take()"},
    subjects.BrokenSemaphore: {"thread 1 acquire(); thread 2 acquire()"},
    subjects.BrokenCache: {"thread 1 put(0, 0); thread 2 put(1, 0)"},
    subjects.BrokenBank: {"thread 1 transfer('mine', 'mine', 1); thread 2 transfer('mine', 'mine', 1)"},
    subjects.BrokenPool: {"thread 1 acquire(); thread 2 acquire()"},
    subjects.BrokenStack: {
        *("first push(0); thread 1 pop(); thread 2 pop()", "thread 1 push(0), pop(); thread 2 pop()"),
        "thread 1 pop(); thread 2 push(0), pop()",
    },
    subjects.BrokenReadersWriter: {"thread 1 read(); thread 2 write(1)", "thread 1 write(1); thread 2 read()"},
}
"""For each class its failing programs with the fewest calls, and the smallest arguments."""


@pytest.mark.parametrize("cls", subjects.BROKEN, ids=lambda cls: cls.__name__)
def test_in_a_broken_class_a_minimal_failing_program_is_found_in_under_200_executions(cls: type) -> None:
    found = [searched(cls, seed) for seed in SEEDS]
    assert {str(search.violation.task.program) for search in found if search.violation is not None} <= MINIMAL[cls]
    assert all(search.violation is not None for search in found)
    assert mean(search.executions + search.runs_alone for search in found) < 200
