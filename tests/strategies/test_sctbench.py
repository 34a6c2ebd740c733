"""The ports of SCTBench's programs do what the originals do, and the scoreboard adds up what the strategies found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.sctbench.catalogue import NOT_SCORED, OPEN, PROGRAMS, SCORED
from benchmarks.sctbench.published import MEANS
from benchmarks.sctbench.scoreboard import found_within, mean

import racekit

ROOT = Path(__file__).parents[2]
DEADLOCKS = {"bounded_buffer", "carter01", "deadlock01", "din_phil7", "phase01", "sync01", "sync02"}
FAIL_NOT_ALWAYS = {"bounded_buffer", "din_phil2", "din_phil3", "din_phil4"}
LARGE = {name for name in SCORED if name.partition("_")[2] in ("5", "10", "20", "50", "100")}
"""Too rarely found by the plain strategies; their small relatives are the same code."""


def test_24_programs_are_scored() -> None:
    assert len(SCORED) == 24
    assert set(SCORED) == set(MEANS)


@pytest.mark.parametrize("name", sorted(set(PROGRAMS) - LARGE - set(OPEN)))
def test_each_program_fails_as_it_should(name: str) -> None:
    failure = racekit.explore(PROGRAMS[name], strategy="random", executions=1000).failure
    assert failure is not None
    if name in DEADLOCKS:
        assert failure.kind == "deadlock"
    elif name == "fsbench":
        assert isinstance(failure.exception, IndexError)
    else:
        assert isinstance(failure.exception, AssertionError)


@pytest.mark.parametrize(
    ("name", "strategy", "executions"),
    [*((name, "bounded", 10) for name in SCORED), *((name, "random", 200) for name in sorted(FAIL_NOT_ALWAYS))],
)
def test_programs_of_which_only_some_orders_are_wrong_also_end_well(name: str, strategy: str, executions: int) -> None:
    found = racekit.explore(PROGRAMS[name], strategy=strategy, executions=executions, stop_on_failure=False)
    assert set(found.outcomes) == {None}


@pytest.mark.parametrize("name", sorted(set(NOT_SCORED) - FAIL_NOT_ALWAYS))
def test_programs_of_which_every_order_is_wrong_never_end_well(name: str) -> None:
    found = racekit.explore(PROGRAMS[name], strategy="random", executions=20, stop_on_failure=False)
    assert not found.outcomes


@pytest.mark.parametrize("strategy", ["auto", "surw"])
def test_what_is_not_found_ends_well_and_is_not_proved(strategy: str) -> None:
    found = racekit.explore(PROGRAMS["safestack"], strategy=strategy, executions=20)
    assert found.ok
    assert not found.proved


def test_a_mean_is_of_the_trials_that_found_the_bug() -> None:
    assert mean([10, None, 30]) == "20 2/3"
    assert mean([1, 2]) == "1.5"
    assert mean([None]) == "never"


def test_programs_found_within_a_budget_count_by_their_share_of_trials() -> None:
    assert found_within(10, [[3, 10, 11, None], [1, 1, 1, 1]]) == 1.5


def test_the_scoreboard_prints_own_and_published_figures_side_by_side_within_80_columns() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.sctbench", "--seeds=2", "--strategy=dpor", "--strategy=random"]
    command += ["--program=deadlock01", "--program=lazy01"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "dpor" in done.stdout and "SURW" in done.stdout
    lazy = next(line for line in lines if line.startswith("lazy01"))
    assert lazy.split()[1] == "1.0"
    assert lazy.split()[3:6] == ["21", "5", "5"]
