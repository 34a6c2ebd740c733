"""A module that is imported by one thread beside others: what its top-level code does to them is not explored."""

from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path

import pytest
from threads import run

import racekit


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that stores an attribute of another object when it is imported."""
    name = f"imported_beside_threads_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text("import sys\nsys.shared_by_a_test = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "shared_by_a_test", 0, raising=False)
    return name


def test_an_import_beside_other_threads_is_never_proved(module: str) -> None:
    def body() -> None:
        run(lambda: importlib.import_module(module), lambda: vars(sys)["shared_by_a_test"])

    found = racekit.explore(body)
    assert found.ok
    assert found.cut_by == "an import beside other threads"
    [note] = found.notes
    assert note.startswith(f"Thread-1 (<lambda>) imported {module} beside other threads at {__file__}:")


def test_an_import_before_the_threads_start_is_harmless(module: str) -> None:
    def body() -> None:
        importlib.import_module(module)
        run(lambda: importlib.import_module(module), lambda: vars(sys)["shared_by_a_test"])

    assert racekit.explore(body).proved


@pytest.mark.parametrize("strategy", ["auto", "bounded", "dpor"])
def test_what_only_the_first_execution_imports_does_not_end_the_proof(
    strategy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The import takes a lock, which no later execution does."""
    name = f"imported_once_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text("import threading\nwith threading.Lock(): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    lock = threading.Lock()

    def body() -> int:
        importlib.import_module(name)
        values = []

        def add() -> None:
            with lock:
                values.append(len(values))

        run(add, add)
        return len(values)

    assert name not in sys.modules
    found = racekit.explore(body, strategy=strategy)
    assert found.proved
    assert set(found.outcomes) == {2}


def test_an_import_of_the_standard_library_is_harmless() -> None:
    def body() -> None:
        sys.modules.pop("this_is_not_there", None)
        sys.modules.pop("colorsys", None)
        run(lambda: importlib.import_module("colorsys"), lambda: None)

    assert racekit.explore(body).proved
