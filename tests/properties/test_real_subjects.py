"""Well-known classes: the correct ones pass, and in the broken ones a minimal failing program is found soon."""

from __future__ import annotations

from statistics import mean

import pytest
import subjects
from hypothesis import HealthCheck, settings

from racekit.options import Options
from racekit.programs.judging import Task
from racekit.properties.objects import DEFAULTS, ClassSubject
from racekit.properties.search import Search, run, search_programs

SEEDS = range(10)
CHOSEN = settings(database=None, suppress_health_check=list(HealthCheck))


def searched(cls: type, seed: int, chosen: settings = CHOSEN) -> Search:
    """A search with the options that `concurrent` has by default."""
    subject = ClassSubject(cls)
    search = Search(lambda program: Task(subject, program), Options(**DEFAULTS))
    try:
        run(search, search_programs(search, subject.programs(threads=2, prefix=3, operations=3), cls), chosen, seed)
    except AssertionError:
        assert search.violation is not None
    return search


@pytest.mark.parametrize("cls", subjects.CORRECT, ids=lambda cls: cls.__name__)
def test_a_correct_class_passes(cls: type) -> None:
    assert searched(cls, 0, settings(CHOSEN, max_examples=40)).violation is None


MINIMAL: dict[type, set[str]] = {
    subjects.BrokenQueue: {"put put | put", "put | put put", "put; put | put"},
    subjects.BrokenDeque: {"take | take"},
    subjects.BrokenSemaphore: {"acquire | acquire"},
    subjects.BrokenCache: {"put | put"},
    subjects.BrokenBank: {"transfer | transfer"},
    subjects.BrokenPool: {"acquire | acquire"},
    subjects.BrokenStack: {
        *("push pop | pop", "pop | push pop", "push; pop | pop"),
        *("push | push pop pop", "push pop pop | push", "push; push | pop pop", "push; pop pop | push"),
    },
    subjects.BrokenReadersWriter: {"read | write", "write | read"},
}
"""For each class its failing programs from which no call can be taken away: the prefix, and what each thread does."""


def shape(search: Search) -> str:
    assert search.violation is not None
    program = search.violation.task.program
    prefix, *threads = (
        " ".join(operation.name for operation in operations) for operations in (program.prefix, *program.threads)
    )
    return (f"{prefix}; " if prefix else "") + " | ".join(threads)


@pytest.mark.parametrize("cls", subjects.BROKEN, ids=lambda cls: cls.__name__)
def test_in_a_broken_class_a_minimal_failing_program_is_found_in_under_200_executions(cls: type) -> None:
    found = [searched(cls, seed) for seed in SEEDS]
    assert set(map(shape, found)) <= MINIMAL[cls]
    assert mean(search.executions for search in found) < 200
