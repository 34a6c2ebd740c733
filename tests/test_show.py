"""`racekit show`: from failures to pages in one command."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest

from racekit.cli import main

TESTS = """
import threading

import racekit

class Counter:
    value = 0

    def increment(self):
        self.value = self.value + 1

def run(counter):
    threads = [threading.Thread(target=counter.increment) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

@racekit.race
def test_fails():
    counter = Counter()
    run(counter)
    assert counter.value == 2

@racekit.race
def test_passes():
    run(Counter())
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pages(directory: Path) -> list[str]:
    """The tests that have a page there."""
    return [page.name.split("-")[1] for page in directory.glob("test_*.html")]


def test_a_test_is_run_and_its_failure_is_a_page(project: Path) -> None:
    assert main(["show", "test_it.py::test_fails"]) == 0
    assert pages(project / ".racekit" / "pages") == ["test_fails"]


def test_a_token_chooses_the_execution(project: Path) -> None:
    assert main(["show", "test_it.py::test_fails", "rk1:1@10w.value>2", "--into", "elsewhere"]) == 0
    assert pages(project / "elsewhere") == ["test_fails"]
    assert main(["show", "test_it.py::test_fails", "rk1:", "--into", "nowhere"]) == 0
    assert pages(project / "nowhere") == []


def test_without_a_test_those_that_failed_last_are_shown_from_wherever_one_is(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["show", "test_it.py", "--into", "first"])
    (project / "below").mkdir()
    monkeypatch.chdir(project / "below")
    assert main(["show"]) == 0
    index = (project / ".racekit" / "pages" / "index.html").read_text(encoding="utf-8")
    assert "test_it.py::test_fails" in index
    assert "test_it.py::test_passes" not in index


def test_where_nothing_has_failed_it_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show"]) == 2
    assert "no failure is kept in .racekit/: name a test as pytest does" in capsys.readouterr().err


def test_the_index_can_be_opened_in_a_browser(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    main(["show", "test_it.py::test_passes", "--open"])
    assert opened == [(project / ".racekit" / "pages" / "index.html").as_uri()]


def test_a_test_that_does_not_exist_is_pytests_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "test_it.py::test_nothing"]) == 4
    error = capsys.readouterr().err
    assert "pytest ran no test" in error
    assert "no page was written" in error
    assert "name a test as pytest does" in error


@pytest.mark.parametrize("into", [[], ["--into", ".racekit/pages"]])
def test_where_no_test_was_run_the_pages_are_left_as_they_were(project: Path, into: list[str]) -> None:
    main(["show", "test_it.py::test_fails"])
    index = project / ".racekit" / "pages" / "index.html"
    before = index.read_text(encoding="utf-8")
    main(["show", "test_it.py::test_nothing", *into])
    assert pages(index.parent) == ["test_fails"]
    assert index.read_text(encoding="utf-8") == before


def test_where_no_test_was_run_no_browser_is_opened(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main(["show", "test_it.py::test_fails"])
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    main(["show", "test_it.py::test_nothing", "--open"])
    assert opened == []


def test_the_pages_of_another_test_make_way(project: Path) -> None:
    main(["show", "test_it.py::test_fails"])
    main(["show", "test_it.py::test_passes"])
    assert pages(project / ".racekit" / "pages") == []
