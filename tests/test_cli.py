"""The command `racekit`, and what its demo shows."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from racekit.cli import main
from racekit.demo import EXAMPLES

ROOT = Path(__file__).parent.parent


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> str:
    """What the demo prints for the example that the test names."""
    assert main(["demo", request.param]) == 0
    return capsys.readouterr().out


def of(example: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("shown", [example], indirect=True)


def test_the_version_is_the_one_that_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == "racekit 0.1.0\n"


def test_help_names_the_demo_and_points_to_pytest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    assert "demo" in shown
    assert "pytest --help" in shown


def test_no_command_at_all_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("usage: racekit")


def test_an_unknown_command_is_answered_with_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["demos"])
    assert left.value.code == 2
    assert "demo" in capsys.readouterr().err


def test_an_unknown_example_is_answered_with_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["demo", "lucky"])
    assert left.value.code == 2
    assert "there is no example 'lucky': use one of thread, daemon, pool, store, locked" in capsys.readouterr().err


def test_the_module_can_be_run_as_the_command() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "racekit", "demo", "deadlock"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "There waits for Account#2._lock, held by Back" in run.stdout
    assert run.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="pipes end differently")
def test_a_reader_that_has_seen_enough_ends_the_demo_quietly() -> None:
    run = subprocess.run(
        f'"{sys.executable}" -m racekit demo thread deadlock | head -n 1',
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith("Small threaded programs")
    assert run.stderr == ""


@pytest.mark.parametrize("shown", EXAMPLES, indirect=True)
def test_the_demo_keeps_to_eighty_columns(shown: str) -> None:
    assert [line for line in shown.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("shown", EXAMPLES, indirect=True)
def test_the_demo_leaves_the_log_as_it_was(shown: str) -> None:
    assert logging.getLogger().level == logging.WARNING


@of("thread")
def test_without_join_the_log_is_the_documents(shown: str) -> None:
    assert (
        "22:33:18 - Main-thread : before creating thread\n"
        "22:33:18 - Main-thread : after creating thread\n"
        "22:33:18 - First Sub Thread start!!!\n"
        "22:33:18 - Main-thread : end\n"
        "22:33:21 - First Sub Thread finish!!!\n"
    ) in shown


@of("thread")
def test_with_join_the_main_thread_ends_three_seconds_later(shown: str) -> None:
    assert shown.endswith("22:33:21 - First Sub Thread finish!!!\n22:33:21 - Main-thread : end\n")


@of("daemon")
def test_daemon_threads_are_shown_cut_off(shown: str) -> None:
    assert "finished: nobody" in shown
    listing = shown.partition("cut off in the middle:")[2]
    assert "First Sub Thread start!!!" in listing
    assert "Second Sub Thread start!!!" in listing
    assert "finish!!!" not in listing
    assert listing.endswith("22:36:50 - Main-thread : end\n")


@of("pool")
def test_the_pools_log_is_the_documents(shown: str) -> None:
    assert (
        "22:40:48 - Main Thread start!!!\n"
        "22:40:48 - First Sub Thread start!!!\n"
        "22:40:48 - Second Sub Thread start!!!\n"
        "22:40:50 - First Sub Thread finish!!! - result : 50005000\n"
        "22:40:50 - Third Sub Thread start!!!\n"
        "22:40:50 - Second Sub Thread finish!!! - result : 50005000\n"
        "22:40:52 - Third Sub Thread finish!!! - result : 50005000\n"
        "22:40:52 - [50005000, 50005000, 50005000]\n"
        "22:40:52 - Main Thread finish!!!\n"
    ) in shown


@of("store")
def test_the_store_without_a_lock_ends_with_one_two_or_three(shown: str) -> None:
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("  value:")] == ["1", "2", "3"]


@of("store")
def test_the_value_two_comes_with_the_documents_log(shown: str) -> None:
    assert shown.endswith(
        "17:59:22 - Main Thread start!!!\n"
        "17:59:22 - FakeDataStore update method test start!!! // value : 0\n"
        "17:59:22 - First Sub Thread start!!!\n"
        "17:59:22 - Second Sub Thread start!!!\n"
        "17:59:22 - First Sub Thread finish!!!\n"
        "17:59:22 - Third Sub Thread start!!!\n"
        "17:59:22 - Second Sub Thread finish!!!\n"
        "17:59:23 - Third Sub Thread finish!!!\n"
        "17:59:23 - FakeDataStore update method test finish!!! // value : 2\n"
        "17:59:23 - Main Thread finish!!!\n"
    )


@of("locked")
def test_the_store_with_a_lock_ends_with_three_only(shown: str) -> None:
    three_updates = shown.partition("Two updates")[0]
    assert [line.split()[1] for line in three_updates.splitlines() if line.startswith("  value:")] == ["3"]
    assert "// value : 3" in shown


@of("locked")
def test_proof_is_claimed_for_what_was_searched_to_its_end(shown: str) -> None:
    two_updates = shown.partition("Two updates")[2]
    assert "value: 2" in two_updates
    assert "Proved: every different interleaving was run" in two_updates


@of("queue")
def test_the_consumer_is_shown_waiting_forever(shown: str) -> None:
    assert "waits for pipeline\n    producer_consumer.py:" in shown
    assert shown.endswith("Producer got event set... producer exit...\n")


@of("deadlock")
def test_the_deadlock_is_shown_with_who_holds_what(shown: str) -> None:
    assert "There waits for Account#2._lock, held by Back" in shown
    assert "Back waits for Account#1._lock, held by There" in shown
    assert "lock_pair.py:22  with to._lock:" in shown
