"""What a directory lists is a location: whoever makes, removes or renames something in it changes that."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from threads import run

import racekit


def empty(directory: Path) -> None:
    for each in directory.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()


LISTING: dict[str, Callable[[Path], int]] = {
    "os.listdir": lambda path: len(os.listdir(path)),
    "os.scandir": lambda path: len(list(os.scandir(path))),
    "os.walk": lambda path: sum(len(files) + len(directories) for _, directories, files in os.walk(path)),
    "Path.iterdir": lambda path: len(list(path.iterdir())),
    "Path.glob": lambda path: len(list(path.glob("*"))),
    "Path.rglob": lambda path: len(list(path.rglob("*"))),
    "glob.glob": lambda path: len(glob.glob(f"{path}/*")),
    "glob.iglob": lambda path: len(list(glob.iglob(f"{path}/*"))),
}
CHANGING: dict[str, Callable[[Path], object]] = {
    "open": lambda path: open(path / "new", "w").close(),
    "os.open": lambda path: os.close(os.open(path / "new", os.O_CREAT | os.O_WRONLY)),
    "os.mkdir": lambda path: os.mkdir(path / "new"),
    "os.makedirs": lambda path: os.makedirs(path / "new"),
    "os.symlink": lambda path: os.symlink(path / "old", path / "new"),
    "os.link": lambda path: os.link(path / "old", path / "new"),
    "os.remove": lambda path: os.remove(path / "old"),
    "os.replace": lambda path: os.replace(path / "old", path.parent / "moved"),
    "Path.touch": lambda path: (path / "new").touch(),
    "Path.write_text": lambda path: (path / "new").write_text(""),
    "Path.mkdir": lambda path: (path / "new").mkdir(),
    "Path.unlink": lambda path: (path / "old").unlink(),
    "Path.rename": lambda path: (path / "old").rename(path.parent / "moved"),
    "shutil.copy": lambda path: shutil.copy(path / "old", path / "new"),
    "shutil.move": lambda path: shutil.move(path / "old", path.parent / "moved"),
    "shutil.copytree": lambda path: shutil.copytree(path.parent / "empty", path / "new"),
    "tempfile.mkstemp": lambda path: os.close(tempfile.mkstemp(dir=path)[0]),
    "tempfile.mkdtemp": lambda path: tempfile.mkdtemp(dir=path),
}


def outcomes(tmp_path: Path, look: Callable[[Path], object], change: Callable[[Path], object]) -> set[object]:
    """What `look` gives beside `change`, for a directory with one file called old."""

    def body() -> object:
        empty(tmp_path)
        (tmp_path / "empty").mkdir()
        (tmp_path / "shared").mkdir()
        (tmp_path / "shared" / "old").touch()
        seen: list[object] = []
        run(lambda: seen.append(look(tmp_path / "shared")), lambda: change(tmp_path / "shared"))
        return seen[0]

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved, str(found)
    return set(found.outcomes)


@pytest.mark.parametrize("look", LISTING)
def test_who_lists_a_directory_sees_what_was_before_and_after(look: str, tmp_path: Path) -> None:
    assert outcomes(tmp_path, LISTING[look], CHANGING["Path.touch"]) == {1, 2}


@pytest.mark.parametrize("change", CHANGING)
def test_who_makes_or_removes_an_entry_changes_the_listing(change: str, tmp_path: Path) -> None:
    assert len(outcomes(tmp_path, LISTING["os.listdir"], CHANGING[change])) == 2


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path: shutil.rmtree(path), id="rmtree"),
        pytest.param(lambda path: os.rename(path, path.parent / "moved"), id="os.rename"),
        pytest.param(lambda path: shutil.move(path, path.parent / "moved"), id="shutil.move"),
    ],
)
def test_a_tree_goes_with_everything_in_it(change: Callable[[Path], object], tmp_path: Path) -> None:
    assert outcomes(tmp_path, lambda path: (path / "old").exists(), change) == {True, False}


def test_a_directory_that_is_filled_cannot_be_removed(tmp_path: Path) -> None:
    def body() -> str:
        empty(tmp_path)
        (tmp_path / "shared").mkdir()
        seen: list[str] = []

        def remove() -> None:
            try:
                (tmp_path / "shared").rmdir()
            except OSError:
                seen.append("not empty")

        def fill() -> None:
            try:
                (tmp_path / "shared" / "new").touch()
            except FileNotFoundError:
                seen.append("gone")

        run(remove, fill)
        return ", ".join(seen)

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved
    assert set(found.outcomes) == {"not empty", "gone"}


def test_what_is_removed_is_known_when_it_is_removed(tmp_path: Path) -> None:
    def body() -> tuple[Any, ...]:
        empty(tmp_path)
        seen: list[object] = []

        def make() -> None:
            (tmp_path / "shared").mkdir()
            (tmp_path / "shared" / "new").touch()

        def remove() -> None:
            shutil.rmtree(tmp_path / "shared", ignore_errors=True)

        def make_quietly() -> None:
            try:
                make()
            except FileNotFoundError:
                seen.append("interrupted")

        run(make_quietly, remove, lambda: seen.append((tmp_path / "shared" / "new").exists()))
        return tuple(sorted(map(str, seen)))

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved
    everything = racekit.explore(body, strategy="bounded", executions=None)
    assert set(found.outcomes) == set(everything.outcomes)
    assert set(found.outcomes) == {("False",), ("True",), ("False", "interrupted")}


def test_a_symbolic_link_that_is_replaced_leads_somewhere_else(tmp_path: Path) -> None:
    def body() -> str:
        empty(tmp_path)
        for release in ("1", "2"):
            (tmp_path / release).mkdir()
            (tmp_path / release / "version").write_text(release)
        (tmp_path / "current").symlink_to(tmp_path / "1")
        (tmp_path / "next").symlink_to(tmp_path / "2")
        seen: list[str] = []
        run(
            lambda: seen.append((tmp_path / "current" / "version").read_text()),
            lambda: os.replace(tmp_path / "next", tmp_path / "current"),
        )
        return seen[0]

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved
    assert set(found.outcomes) == {"1", "2"}


def test_different_files_in_one_directory_are_independent(tmp_path: Path) -> None:
    def body() -> None:
        run(lambda: (tmp_path / "one").write_text("1"), lambda: (tmp_path / "other").write_text("2"))

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved
    assert found.executions == 1


def test_a_lost_update_between_two_files_of_a_directory_is_told(tmp_path: Path) -> None:
    def body() -> int:
        def count() -> None:
            number = len(os.listdir(tmp_path))
            (tmp_path / str(number)).write_text("")

        empty(tmp_path)
        run(count, count)
        return len(os.listdir(tmp_path))

    with pytest.raises(AssertionError, match="depends on the schedule"):
        racekit.assert_race_free(body)
