"""`--race-report` and `--race-sarif`: the files that a test session leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_project import Project

FAILING = """
@racekit.race
def test_갱신():
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2

@racekit.race
@pytest.mark.parametrize("what", ["a/b", "a b"])
def test_also(what):
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2

@racekit.race
def test_proved():
    twice(LockedCounter().increment)
"""

FOUR_TIMES = """
@racekit.race(strategy="random")
def test_many():
    counter = Counter()
    threads = [threading.Thread(target=counter.increment) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 4
"""

GIVEN = """
from hypothesis import given, settings, strategies as st

@racekit.race
@settings(database=None, max_examples=5)
@given(st.integers(1, 2))
def test_each(count):
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2
"""

OUTCOMES = """
@racekit.race(outcomes={1, 2})
def test_what_comes_out():
    counter = Counter()
    twice(counter.increment)
    return counter.value
"""


def names(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


def test_each_failure_has_a_page_and_a_trace_and_all_are_on_the_index(project: Project) -> None:
    result = project.run(FAILING, "--race-report=pages")
    pages = project.pytester.path / "pages"
    stems = sorted(name.removesuffix(".trace.json") for name in names(pages) if name.endswith(".trace.json"))
    assert len(stems) == 3
    assert names(pages) == sorted(
        ["index.html", *(f"{stem}{end}" for stem in stems for end in (".html", ".trace.json"))]
    )
    index = (pages / "index.html").read_text(encoding="utf-8")
    assert "3 failures" in index
    assert "test_it.py::test_갱신" in index
    assert "test_it.py::test_proved" in index
    result.stdout.fnmatch_lines(["race: pages in *index.html"])


def test_a_page_has_the_command_that_replays_its_failure(project: Project) -> None:
    project.run(FAILING, "--race-report=pages", "-k", "갱신")
    [page] = project.pytester.path.glob("pages/test_it*.html")
    text = page.read_text(encoding="utf-8")
    assert "pytest test_it.py::test_갱신 --race-replay=" in text.replace("&#39;", "")
    assert "counters.py" in text


def test_a_replay_that_fails_has_a_page_too(project: Project) -> None:
    project.run(FAILING, "-k", "갱신", "--race-sarif=log.sarif")
    [found] = json.loads((project.pytester.path / "log.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    project.run(FAILING, "-k", "갱신", "--race-report=pages", f"--race-replay={found['properties']['schedule']}")
    assert len(list(project.pytester.path.glob("pages/test_it*.html"))) == 1


def test_a_schedule_that_was_minimized_is_shown_beside_the_original(project: Project) -> None:
    project.run(FOUR_TIMES, "--race-report=pages")
    [page] = project.pytester.path.glob("pages/test_it*.html")
    text = page.read_text(encoding="utf-8")
    assert 'data-schedule="minimized"' in text
    assert 'data-schedule="original"' in text


def test_the_example_that_fails_has_a_page(project: Project) -> None:
    project.run(GIVEN, "--race-report=pages")
    [page] = project.pytester.path.glob("pages/test_it*.html")
    assert "test_it.py::test_each" in page.read_text(encoding="utf-8")


def test_a_test_that_returns_values_has_a_page_of_its_outcomes(project: Project) -> None:
    project.run(OUTCOMES, "--race-report=pages")
    [page] = project.pytester.path.glob("pages/test_it*.html")
    assert "2 different outcomes" in page.read_text(encoding="utf-8")
    assert f'<a href="{page.name}">' in (project.pytester.path / "pages" / "index.html").read_text(encoding="utf-8")


def test_failures_are_results_in_the_sarif_log(project: Project) -> None:
    result = project.run(FAILING, "--race-sarif=reports/log.sarif")
    log = json.loads((project.pytester.path / "reports" / "log.sarif").read_text(encoding="utf-8"))
    tests = [found["properties"]["test"] for found in log["runs"][0]["results"]]
    assert tests == ["test_it.py::test_also[a b]", "test_it.py::test_also[a/b]", "test_it.py::test_갱신"]
    result.stdout.fnmatch_lines(["race: SARIF in *log.sarif"])


def test_a_session_without_failures_has_an_empty_log_and_an_index(project: Project) -> None:
    project.run(FAILING, "-k", "proved", "--race-sarif=log.sarif", "--race-report=pages")
    log = json.loads((project.pytester.path / "log.sarif").read_text(encoding="utf-8"))
    assert log["runs"][0]["results"] == []
    assert names(project.pytester.path / "pages") == ["index.html"]


def test_the_ini_file_can_ask_for_the_reports(project: Project) -> None:
    project.pytester.makeini("[pytest]\nrace_report = pages\nrace_sarif = log.sarif\n")
    project.run(FAILING, "-k", "갱신")
    assert (project.pytester.path / "pages" / "index.html").exists()
    assert (project.pytester.path / "log.sarif").exists()


def test_without_the_options_nothing_is_written(project: Project) -> None:
    project.run(FAILING, "-k", "갱신")
    assert not list(project.pytester.path.rglob("*.html"))


def test_a_directory_that_cannot_be_made_is_named(project: Project) -> None:
    (project.pytester.path / "pages").write_text("a file")
    result = project.run(FAILING, "-k", "proved", "--race-report=pages")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: The reports of racekit cannot be written: *pages'."])
    assert "proved" not in result.stdout.str()


@pytest.mark.parametrize(("which", "code"), [("갱신", 1), ("proved", 4)])
def test_pages_that_cannot_be_written_in_the_end_keep_no_failure_from_being_shown(
    project: Project, which: str, code: int
) -> None:
    (project.pytester.path / "pages" / "index.html").mkdir(parents=True)
    result = project.run(FAILING, "-k", which, "--race-report=pages")
    assert result.ret == code
    result.stdout.fnmatch_lines(["race: its reports could not be written: *index.html'", "race: 1 test explored*"])
    assert ("AssertionError" in result.stdout.str()) == bool(result.parseoutcomes().get("failed"))


def test_several_processes_write_the_same_pages(project: Project) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    project.run(FAILING, "--race-report=one")
    project.run(FAILING, "--race-forget", "--race-report=two", "-n", "2")
    one, two = (project.pytester.path / name for name in ("one", "two"))
    assert names(one) == names(two)
    assert "3 failures" in (two / "index.html").read_text(encoding="utf-8")


def test_a_session_that_ran_no_test_leaves_the_reports_of_the_last_one(project: Project) -> None:
    project.run(FAILING, "--race-report=pages", "--race-sarif=it.sarif")
    files = [project.pytester.path / name for name in ("pages/index.html", "it.sarif")]
    before = [file.read_text(encoding="utf-8") for file in files]
    result = project.run(FAILING, "--race-report=pages", "--race-sarif=it.sarif", "-k", "nothing_like_it")
    assert [file.read_text(encoding="utf-8") for file in files] == before
    result.stdout.fnmatch_lines(["race: no test was run, so no report was written"])
