"""`exec` and `eval` in watched code: what they run is watched, and the names in their namespace are its variables."""

from __future__ import annotations
import __future__

import dataclasses
import sys
from collections.abc import Callable, Mapping
from inspect import CO_OPTIMIZED
from types import CodeType, FrameType
from typing import Any

from racekit.runtime.originals import get_ident
from racekit.runtime.turn import TURN
from racekit.watch.scope import is_project_file
from racekit.watch.swap import Swaps, copy_of, forwarding_code
from racekit.watch.watcher import Watcher

_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag


def replacements(watcher: Watcher, quietly: Callable[[Callable[[], None]], None]) -> dict[int, Any]:
    """By id, what is called instead of these functions."""

    def watched(source: Any, mode: str, namespace: Any, variables: Any, frame: FrameType) -> Any:
        """The code of `source`, rewritten; whatever cannot be run is left for `exec` itself to refuse."""
        if get_ident() != TURN.ident or type(namespace) is not dict:
            return source
        code: Any = source
        if isinstance(source, str):
            text = source if mode == "exec" else source.lstrip(" \t")
            code = compile(text, "<string>", mode, frame.f_code.co_flags & _FUTURES, dont_inherit=True)
        if type(code) is not CodeType or not (code.co_filename.startswith("<") or is_project_file(code.co_filename)):
            return code
        TURN.scheduler.conflicts.name_items(namespace)
        found = [code]
        quietly(
            lambda: found.append(watcher.executed(code, namespace, of_module=mode == "eval" or variables is namespace))
        )
        return found[-1]

    def execute(source: Any, /, globals: Any = None, locals: Any = None, **closure: Any) -> None:
        frame = sys._getframe(1)
        globals, locals = _namespaces(globals, locals, frame)
        exec(watched(source, "exec", globals, locals, frame), globals, locals, **closure)
        quietly(lambda: watcher.find_new(youngest=True))

    def evaluate(source: Any, /, globals: Any = None, locals: Any = None) -> Any:
        frame = sys._getframe(1)
        globals, locals = _namespaces(globals, locals, frame)
        return eval(watched(source, "eval", globals, locals, frame), globals, locals)

    return {id(exec): execute, id(eval): evaluate}


def swap_makers(swaps: Swaps, watcher: Watcher, quietly: Callable[[Callable[[], None]], None]) -> None:
    """Have the functions found that libraries make by `exec` for classes of watched code."""

    def finding(original: Callable[..., Any]) -> Callable[..., Any]:
        def make(*args: Any, **kwargs: Any) -> Any:
            made = original(*args, **kwargs)
            if get_ident() == TURN.ident:
                quietly(lambda: watcher.find_new(youngest=True))
            return made

        return make

    makers: list[Any] = [dataclasses._process_class]  # type: ignore[attr-defined]
    if "attr._make" in sys.modules:
        makers.append(sys.modules["attr._make"]._ClassBuilder.build_class)
    for function in makers:
        swaps.swap(function, forwarding_code(function.__code__, finding(copy_of(function))))


def _namespaces(globals: Any, locals: Any, frame: FrameType) -> tuple[Any, Any]:
    """The namespaces that are meant where those of the caller are the default."""
    if globals is None:
        return frame.f_globals, _locals(frame) if locals is None else locals
    return globals, globals if locals is None else locals


def _locals(frame: FrameType) -> Mapping[str, Any]:
    """What `locals()` gives there: for a function, since 3.13, a dict of its own."""
    variables = frame.f_locals
    return dict(variables) if frame.f_code.co_flags & CO_OPTIMIZED and sys.version_info >= (3, 13) else variables
