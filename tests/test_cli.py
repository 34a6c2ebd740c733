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
    assert "pytest --help" in shown
    assert "first steps:\n  racekit demo" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("command", ["demo", "replay", "explain", "show"])
def test_each_command_has_help_of_its_own(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: racekit {command} ")
    assert max(map(len, shown.splitlines())) <= 80


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


# --- replay -----------------------------------------------------------------------------------------------------------

COUNTER = """\
import racekit


class Counter:
    value = 0

    def increment(self):
        self.value = self.value + 1


@racekit.race
def test_it():
    counter = Counter()
    racekit.together(counter.increment, counter.increment)
    assert counter.value == 2
"""
TOKEN = "rk1:1@8w.value>2"


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:cacheprovider")
    Path("test_counter.py").write_text(COUNTER, encoding="utf-8")


@pytest.mark.usefixtures("counter")
def test_replay_runs_one_execution_of_a_test(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "test_counter.py::test_it", TOKEN]) == 1
    out = capfd.readouterr().out
    assert "E       assert 1 == 2" in out
    assert "race: 1 test replayed, 1 failed" in out


@pytest.mark.usefixtures("counter")
def test_replay_hands_further_arguments_to_pytest(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "test_counter.py::test_it", "rk1:", "-v"]) == 0
    assert "test_counter.py::test_it PASSED (passed)" in capfd.readouterr().out


@pytest.mark.usefixtures("counter")
def test_replay_hands_the_program_in_a_token_to_pytest(capfd: pytest.CaptureFixture[str]) -> None:
    operations = ["from racekit.properties import concurrent, operation", "@concurrent()"]
    operations += ["class Empty:", "    def start(self): return None", "    @operation()"]
    operations += ["    def nothing(self, subject): pass", "TestEmpty = Empty.TestCase"]
    Path("test_empty.py").write_text("\n".join(operations), encoding="utf-8")
    assert main(["replay", "test_empty.py", "rk1:;0+1"]) == 1
    assert "'rk1:;0+1' is not the token of a program" in capfd.readouterr().out


def test_explain_reads_the_schedule_in_the_token_of_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", f"{TOKEN};0+1+1;AAE="]) == 0
    assert "When thread 1 is about to write value on line 8," in capsys.readouterr().out


@pytest.mark.parametrize("command", [["replay", "test_counter.py::test_it"], ["explain"]])
def test_what_is_no_token_is_refused_before_anything_runs(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([*command, "rk1:1@8w.value"])
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert "'1@8w.value' in the schedule token 'rk1:1@8w.value' does not read like" in told
    assert "in quotes" in told


# --- explain ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("counter")
@pytest.mark.parametrize("where", ["test_counter.py", "test_counter.py::test_it"])
def test_explain_says_in_words_what_a_token_means(where: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", TOKEN, where]) == 0
    assert capsys.readouterr().out == (
        "The threads are numbered in the order in which they start; 0 runs the test.\n"
        "Each runs for as long as it can, then the next, but for 1 switch:\n"
        "\n"
        "1. When thread 1 is about to write value on line 8,\n"
        "   thread 2 runs instead.\n"
        "     test_counter.py:8   self.value = self.value + 1\n"
    )


@pytest.mark.usefixtures("counter")
def test_explain_says_when_the_lines_are_not_those_of_the_token(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "rk1:1@9w.value>2", "test_counter.py"]) == 0
    assert "(not on line 9 of test_counter.py: it is in another file, or has changed)" in capsys.readouterr().out


def test_explain_needs_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "rk1:0@0s.start>1,1@30s.acquire*2>2"]) == 0
    out = capsys.readouterr().out
    assert "1. When thread 0 is about to start a thread in code that is not watched,\n   thread 1 runs" in out
    assert "2. When thread 1 is about to acquire a lock on line 30, for the 2nd time,\n   thread 2 runs" in out


def test_explain_says_that_the_default_schedule_has_no_switches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "rk1:"]) == 0
    assert "this schedule has no switches" in capsys.readouterr().out


def test_explain_refuses_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["explain", "rk1:", "nowhere.py"])
    assert left.value.code == 2
    assert "nowhere.py cannot be read" in capsys.readouterr().err


# --- demo -------------------------------------------------------------------------------------------------------------


def test_the_module_can_be_run_as_the_command() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "racekit", "demo", "deadlock"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "There holds Account#1._lock and waits for Account#2._lock" in run.stdout
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
    assert [
        line for line in shown.splitlines() if len(line) > 80 and not line.startswith(("  replay:", "  pin:"))
    ] == []


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
    assert (
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
    ) in shown


@of("locked")
def test_the_store_with_a_lock_ends_with_three_only(shown: str) -> None:
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("  value:")] == ["3"]
    assert "// value : 3" in shown


@of("locked")
def test_proof_is_claimed_for_what_was_searched_to_its_end(shown: str) -> None:
    assert "Proved: every different interleaving was run, 18 in all." in shown


@of("queue")
def test_the_consumer_is_shown_waiting_forever(shown: str) -> None:
    assert "Deadlock: ThreadPoolExecutor-0_1 waits for pipeline in get()" in shown
    assert shown.endswith("Producer got event set... producer exit...\n")


@of("deadlock")
def test_the_deadlock_is_shown_with_who_holds_what(shown: str) -> None:
    assert "There       took Account#1._lock        20  with self._lock:\n" in shown
    assert "            waits for Account#2._lock   22  with to._lock:\n" in shown


@of("deadlock")
def test_a_report_is_plain_in_a_file(shown: str) -> None:
    assert "\x1b" not in shown


def test_a_report_is_coloured_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(["demo", "deadlock"])
    assert "\x1b[1;31mDeadlock: There holds " in capsys.readouterr().out


@of("store")
def test_the_report_of_the_lost_update_is_shown(shown: str) -> None:
    assert "\nLost update on FakeDataStore.value: " in shown
