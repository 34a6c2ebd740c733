"""An interpreter on which rewritten code is not what it should be is refused, before anything is explored."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import racekit
from racekit.watch import canary, opcodes, rewrite

SABOTAGE: dict[str, tuple[Any, str, Any]] = {
    "a wrong operand": (rewrite, "TOP", opcodes.encode(opcodes.COPY, 1)),
    "a call that is passed over": (rewrite, "find_calls", lambda instructions: {}),
    "a store that is not known as one": (
        rewrite,
        "ANNOUNCEMENTS",
        {op: found for op, found in rewrite.ANNOUNCEMENTS.items() if op != opcodes.number("STORE_ATTR")},
    ),
    "an item that is not known as one": (
        rewrite,
        "ANNOUNCEMENTS",
        {op: found for op, found in rewrite.ANNOUNCEMENTS.items() if found[0] != "load_item"},
    ),
    "closure variables that never change": (rewrite, "settled_cells", lambda code, *rest: frozenset(code.co_cellvars)),
    "positions that are not moved": (rewrite, "insert", None),
    "handlers that are lost": (rewrite, "insert", None),
    "an instruction that cannot be read": (rewrite, "decode", lambda code: 1 // 0),
}


def without(**kept: Callable[[Any], Any]) -> Callable[..., Any]:
    """`insert`, but with these tables of the code as they were or as they never are."""
    insert = rewrite.insert

    def sabotaged(code: Any, *arguments: Any, **named: Any) -> Any:
        made = insert(code, *arguments, **named)
        return made.replace(**{name: of(code) for name, of in kept.items()})

    return sabotaged


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As in a process that has explored nothing so far."""
    monkeypatch.setattr(canary, "_checked", False)
    return monkeypatch


@pytest.mark.parametrize("sabotage", SABOTAGE)
def test_a_rewriter_that_is_wrong_is_noticed(sabotage: str, unchecked: pytest.MonkeyPatch) -> None:
    module, name, replacement = SABOTAGE[sabotage]
    if sabotage == "positions that are not moved":
        replacement = without(co_linetable=lambda code: code.co_linetable)
    elif sabotage == "handlers that are lost":
        replacement = without(co_exceptiontable=lambda code: b"")
    unchecked.setattr(module, name, replacement)
    with pytest.raises(racekit.UnsupportedInterpreter, match=r"nothing is explored: run these tests on CPython 3\.11"):
        racekit.explore(lambda: None)


def test_an_interpreter_is_tried_once(unchecked: pytest.MonkeyPatch) -> None:
    racekit.explore(lambda: None)
    unchecked.setattr(rewrite, "find_calls", lambda instructions: {})
    assert racekit.explore(lambda: None).ok


def test_importing_tries_nothing() -> None:
    code = "import racekit.watch.canary as canary; assert not canary._checked"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_version_that_is_as_before_is_good_enough(unchecked: pytest.MonkeyPatch) -> None:
    unchecked.setattr(canary, "TESTED", frozenset({(2, 7)}))
    assert racekit.explore(lambda: None).ok


def test_an_unknown_version_crashes_another_process_rather_than_this_one(unchecked: pytest.MonkeyPatch) -> None:
    unchecked.setattr(canary, "TESTED", frozenset({(2, 7)}))
    unchecked.setattr(canary, "IN_ANOTHER_PROCESS", "import faulthandler; faulthandler._sigabrt()")
    with pytest.raises(racekit.UnsupportedInterpreter, match=r"rewritten code ends the interpreter with status -6"):
        racekit.explore(lambda: None)


def test_what_is_not_cpython_cannot_import_it() -> None:
    code = "import sys; sys.implementation.name = 'pypy'; import racekit"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "UnsupportedInterpreter: racekit rewrites the bytecode of CPython, and this is pypy" in done.stderr
