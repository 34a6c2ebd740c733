"""Which code is watched: the project's own, wherever it was installed from, and what is named."""

from __future__ import annotations

import concurrent.futures.thread
import importlib
import queue
import random
import site
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import racekit
from racekit.errors import BadArgument
from racekit.options import STRATEGIES
from racekit.watch.scope import Scope

MODULE = "class Thing:\n    def act(self):\n        pass\n\ndef act():\n    pass\n"
FINDER = """
import sys
from importlib.util import spec_from_file_location

class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return spec_from_file_location(name, {file!r}) if name == {name!r} else None

sys.meta_path.append(Finder)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with a virtualenv inside; what is imported from there is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(sys, "meta_path", sys.meta_path[:])
    before = set(sys.modules)
    packages(tmp_path).mkdir(parents=True)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def packages(project: Path) -> Path:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return project / ".venv" / "lib" / version / "site-packages"


def watched(name: str, scope: Scope | None = None) -> bool:
    function = importlib.import_module(name).act
    assert isinstance(function, FunctionType)
    return (scope or Scope()).watches(function)


def test_the_project_is_watched(project: Path) -> None:
    (project / "scope_own.py").write_text(MODULE)
    sys.path.insert(0, str(project))
    assert watched("scope_own")


def test_what_is_installed_in_a_virtualenv_inside_of_the_project_is_not_watched(project: Path) -> None:
    (packages(project) / "scope_installed.py").write_text(MODULE)
    site.addsitedir(str(packages(project)))
    assert not watched("scope_installed")


def test_an_editable_install_that_adds_to_the_path_is_watched(project: Path) -> None:
    source = project / "elsewhere" / "src"
    source.mkdir(parents=True)
    (source / "scope_by_path.py").write_text(MODULE)
    (packages(project) / "__editable__.by_path.pth").write_text(f"{source}\n")
    site.addsitedir(str(packages(project)))
    assert watched("scope_by_path")


def test_an_editable_install_with_a_finder_is_watched(project: Path) -> None:
    source = project / "elsewhere" / "scope_by_finder.py"
    source.parent.mkdir()
    source.write_text(MODULE)
    finder = packages(project) / "__editable___by_finder_finder.py"
    finder.write_text(FINDER.format(name="scope_by_finder", file=str(source)))
    (packages(project) / "__editable__.by_finder.pth").write_text(f"import {finder.stem}\n")
    site.addsitedir(str(packages(project)))
    assert watched("scope_by_finder")


def test_an_installed_package_that_is_a_link_into_the_project_is_watched(project: Path) -> None:
    (project / "scope_linked.py").write_text(MODULE)
    (packages(project) / "scope_linked.py").symlink_to(project / "scope_linked.py")
    site.addsitedir(str(packages(project)))
    assert watched("scope_linked")


def test_functions_that_exec_defines_in_a_bare_namespace_are_watched() -> None:
    namespace: dict[str, Any] = {}
    exec(MODULE, namespace)
    assert Scope().watches(namespace["act"])


# --- include and exclude ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["queue", "queue.Queue", "queue.Queue.put"])
def test_a_module_class_or_function_of_the_standard_library_is_included(name: str) -> None:
    assert not Scope().watches(queue.Queue.put)
    assert Scope(include=(name,)).watches(queue.Queue.put)
    assert not Scope(include=(name,)).watches(queue.PriorityQueue._put) or name == "queue"


def test_a_package_is_included_with_all_of_its_modules() -> None:
    assert Scope(include=("concurrent",)).watches(concurrent.futures.thread.ThreadPoolExecutor.submit)


def test_a_name_may_be_where_code_is_imported_from() -> None:
    scope = Scope(include=("concurrent.futures.ThreadPoolExecutor",))
    assert scope.watches(concurrent.futures.thread.ThreadPoolExecutor.submit)


def test_what_is_imported_later_is_included(project: Path) -> None:
    (packages(project) / "scope_later.py").write_text(MODULE)
    site.addsitedir(str(packages(project)))
    scope = Scope(include=("scope_later.act",), exclude=("scope_later.Thing",))
    assert watched("scope_later", scope)


def refusal(**names: tuple[str, ...]) -> str:
    with pytest.raises(BadArgument) as refused:
        Scope(**names)
    return str(refused.value)


@pytest.mark.parametrize("option", ["include", "exclude"])
def test_a_name_of_nothing_is_refused(option: str) -> None:
    assert refusal(**{option: ("nothing_here.Thing",)}) == (
        f"{option} names 'nothing_here.Thing', but there is no module 'nothing_here', so nothing would change: "
        "write a dotted name as in an import, such as 'package.module.Class'."
    )
    assert refusal(**{option: ("queue.Quue",)}) == (
        f"{option} names 'queue.Quue', but queue has no 'Quue', so nothing would change: "
        "name a module, class or function that there is."
    )


@pytest.mark.parametrize("name", ["_heapq", "math", "math.floor", "queue.SimpleQueue", "builtins.dict", "time.sleep"])
def test_what_is_written_in_c_cannot_be_included(name: str) -> None:
    assert refusal(include=(name,)) == (
        f"include names {name!r}, which is written in C, so there is no code to watch: each call of it is one step "
        "as it is; name the Python code that calls it."
    )


EXPLORES_A_QUEUE = """
import queue, threading
import racekit

def body():
    mailbox = queue.Queue()
    thread = threading.Thread(target=mailbox.put, args=(1,))
    thread.start()
    taken = mailbox.get()
    thread.join()
    return taken

found = racekit.explore(body, include="queue")
assert found.proved and set(found.outcomes) == {1}, found
assert any(event.filename == queue.__file__ for event in racekit.replay(body, "rk1:", include="queue").trace.events)
"""


def test_the_first_run_with_an_included_module_warns_of_nothing() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", EXPLORES_A_QUEUE], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_a_strategy_calls_itself_is_no_step_even_if_it_is_watched(strategy: str) -> None:
    def body() -> None:
        dice = random.Random(1)
        thread = threading.Thread(target=dice.choice, args=([1, 2, 3],))
        thread.start()
        dice.choice([1, 2, 3])
        thread.join()

    found = racekit.explore(body, include=("random", "collections"), strategy=strategy, executions=20)
    assert found.ok and found.executions > 1
