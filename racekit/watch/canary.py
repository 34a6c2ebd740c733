"""A sample of every construct, rewritten and run before the first exploration of a process.

What CPython compiles to changes with each version. Where rewritten code gives another result than the original, or
announces other things than it does, whatever an exploration found would be wrong: so nothing is explored there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from types import CodeType, CoroutineType, GeneratorType
from typing import Any

from racekit.errors import UnsupportedInterpreter
from racekit.watch.hooks import Hooks
from racekit.watch.rewrite import CannotRewrite, rewrite
from racekit.watch.samples import SAMPLES, Sample
from racekit.watch.stored_names import CELLS

TESTED = frozenset({(3, 11), (3, 12), (3, 13), (3, 14), (3, 15)})
"""Versions of which it is known that rewritten code does not crash them; on another one a process of its own tries."""


IN_ANOTHER_PROCESS = f"from {__name__} import *; print(*map(find_difference, SAMPLES))"


def check_interpreter() -> None:
    """Raise UnsupportedInterpreter if code does not survive rewriting here; only the first call does any work."""
    global _checked
    if _checked:
        return
    if sys.version_info[:2] not in TESTED:
        _try_in_another_process()
    for sample in SAMPLES:
        difference = find_difference(sample)
        if difference:
            raise _unsupported(f"{sample.name}: {difference}")
    _checked = True


_checked = False


def find_difference(sample: Sample) -> str:
    """How the rewritten code of a sample differs from what it should do; empty if it does not."""
    code = compile(sample.source, f"<{sample.name}>", "exec")
    recorder = _Recorder()
    namespace: dict[str, Any] = {}
    try:
        rewritten = rewrite(code, recorder.hooks(), namespace=namespace, announced=lambda name: name != CELLS).code
    except CannotRewrite as error:
        return str(error)
    expected, result = _run(code, {}), _run(rewritten, namespace)
    if result != expected:
        return f"it gives {result} where the original gives {expected}"
    announced = ", ".join(recorder.announced)
    if sample.announced and announced != sample.announced:
        return f"it announces {announced!r} instead of {sample.announced!r}"
    return ""


def _run(code: CodeType, namespace: dict[str, Any]) -> str:
    """What `f` gives, in words: its result, or its exception with the line."""
    exec(code, namespace)
    try:
        result = namespace.pop("f")(_Thing(), [1, 2, 3], {"k": 1})
        if isinstance(result, GeneratorType):
            result = list(result)
        elif isinstance(result, CoroutineType):
            try:
                result.send(None)
            except StopIteration as stop:
                result = stop.value
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        return f"{error!r} in line {trace.tb_lineno if trace is not None else 0}"
    return repr(result)


class _Thing:
    """What the samples use the attributes of; it swallows KeyError as a context manager."""

    def __init__(self) -> None:
        self.y = 0

    def __repr__(self) -> str:
        return "thing"

    def same(self, value: object) -> object:
        return value

    def __enter__(self) -> _Thing:
        return self

    def __exit__(self, kind: object, *rest: object) -> bool:
        return kind is KeyError

    async def __aenter__(self) -> _Thing:
        return self

    async def __aexit__(self, kind: object, *rest: object) -> bool:
        return kind is KeyError


class _Recorder:
    """Hooks that write down, in words, what is announced to them."""

    def __init__(self) -> None:
        self.announced: list[str] = []

    def hooks(self) -> Hooks:
        return Hooks(**{field.name: self._hook(field.name) for field in fields(Hooks)})

    def _hook(self, kind: str) -> Any:
        def hook(*arguments: Any) -> Any:
            *operands, site = arguments
            if kind == "leave":
                return None  # what is announced only where somebody asks for it
            if kind == "iterate" and hasattr(operands[0], "__next__"):
                return None  # some versions iterate over the iterator of a comprehension once more
            shown = [] if kind == "advance" else operands[:1] if kind == "call_unpacked" else operands
            self.announced.append(" ".join([kind, *([site.name] if site.name else []), *map(_in_words, shown)]))
            return operands[0] if kind.startswith("call") else None

        return hook


def _in_words(operand: object) -> str:
    if isinstance(operand, int | str | list | dict | slice | _Thing):
        return repr(operand)
    return str(getattr(operand, "__name__", type(operand).__name__))


def _try_in_another_process() -> None:
    """Whatever a version that nobody has tried makes of rewritten code, it shall not crash the tests."""
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise _unsupported(f"rewritten code ends the interpreter with status {done.returncode}")


def _unsupported(how: str) -> UnsupportedInterpreter:
    return UnsupportedInterpreter(
        f"{sys.implementation.name} {sys.version.split()[0]} does not run rewritten code as racekit expects ({how}). "
        "What an exploration finds here would be wrong, so nothing is explored: run these tests on CPython "
        f"{'.'.join(map(str, min(TESTED)))} to {'.'.join(map(str, max(TESTED)))}, or with a newer racekit."
    )
