"""Functions of the standard library, written in Python, that touch files, or call C code, for the watched code."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import heapq
import json
import logging
import os
import posixpath
import pprint
import re
import statistics
import string
import subprocess
import sys
import threading
import urllib.parse
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import thread as thread_pool
from importlib.machinery import SourceFileLoader
from multiprocessing.process import BaseProcess
from types import CodeType, FrameType, FunctionType
from typing import Any

from racekit.dependence import WHOLE
from racekit.runtime import announcing, calls, originals
from racekit.runtime.call_site import is_watched
from racekit.runtime.files import OPENS, PYTHON_FUNCTIONS, Operations, path_touches
from racekit.runtime.footprints import Cached
from racekit.runtime.going_through import is_iterator, reads_through
from racekit.runtime.named_attributes import site_at, site_of_caller
from racekit.runtime.reachable import Touch, everything_in, gone_through, has_attributes
from racekit.runtime.turn import TURN
from racekit.runtime.waits import describe_import, describe_process
from racekit.watch.scope import is_project_file
from racekit.watch.site import Site
from racekit.watch.swap import Swaps, announcing_code, copy_of, forwarding_code

_SHOWN = {
    json: ("dumps", "dump", "load"),
    json.JSONEncoder: ("encode", "iterencode"),
    pprint: ("pformat", "pprint", "pp"),
    pprint.PrettyPrinter: ("pformat", "pprint"),
    heapq: ("nlargest", "nsmallest"),
    string.Template: ("substitute", "safe_substitute"),
    statistics: tuple(statistics.__all__),
    urllib.parse: ("urlencode",),
}
_COPIED = {copy: ("copy", "deepcopy", "replace"), dataclasses: ("asdict", "astuple", "replace")}
"""Functions that go through the containers in their first two arguments, or through the objects in the first."""


def swap_library_functions(swaps: Swaps) -> None:
    """Give these functions the code that announces what they touch."""
    for function, code in _announcing_codes():
        swaps.swap(function, code)


@functools.cache
def _announcing_codes() -> tuple[tuple[FunctionType, CodeType], ...]:
    codes = []
    for owner, functions in PYTHON_FUNCTIONS.items():
        for name, operations in functions.items():
            function = getattr(owner, name, None)
            if isinstance(function, FunctionType):
                codes.append((function, forwarding_code(function.__code__, _on_files(copy_of(function), operations))))
    hooks: dict[Any, Callable[[Any, Any], None]] = {
        os.getenv: _reads_environment,
        posixpath.expandvars: _reads_all_environment,
        posixpath.expanduser: _reads_all_environment,
        logging.LogRecord.getMessage: _reads_arguments,
        logging.StreamHandler.emit: _writes_to_stream,
    }
    for function, hook in hooks.items():
        codes.append((function, announcing_code(function.__code__, hook)))
    for functions_of, hook in ((_SHOWN, _reads), (_COPIED, _reads_attributes)):
        for owner, names in functions_of.items():
            for name in names:
                function = getattr(owner, name, None)
                if isinstance(function, FunctionType):
                    codes.append((function, announcing_code(function.__code__, hook)))
    starts: tuple[Any, ...] = (subprocess.Popen.__init__, BaseProcess.start)
    for function in starts:
        codes.append((function, announcing_code(function.__code__, _starts_a_process)))
    rewriting = getattr(sys.modules.get("_pytest.assertion.rewrite"), "AssertionRewritingHook", None)
    for loader in filter(None, (SourceFileLoader, rewriting)):
        codes.append((loader.exec_module, announcing_code(loader.exec_module.__code__, _imports)))
    announcing = dict(codes)
    for owner, names in _HANDING_ON.items():
        for name in names:
            function = vars(owner)[name]
            original = copy_of(function, announcing.get(function))
            codes.append((function, forwarding_code(function.__code__, _handing_on(original))))
    make = _JSON._make_iterencode
    codes.append((make, forwarding_code(make.__code__, _telling_defaults(copy_of(make)))))
    for function in _RUNS_A_CALLABLE:
        codes.append((function, forwarding_code(function.__code__, _running(copy_of(function)))))
    return tuple(codes)


_RUNS_A_CALLABLE: tuple[FunctionType, ...] = tuple(
    function
    for owner in (threading.Thread, getattr(thread_pool, "WorkerContext", thread_pool._WorkItem))
    if isinstance(function := owner.run, FunctionType)
)
"""What calls the function that a new thread or a worker is for: that may be written in C, as `items.append` is."""


_HANDING_ON: dict[Any, tuple[str, ...]] = {
    contextlib._BaseExitStack: ("callback",),
    heapq: ("nlargest", "nsmallest"),
    re: ("sub", "subn"),
    threading.Barrier: ("__init__",),
    threading.Condition: ("wait_for",),
    threading.Timer: ("__init__",),
    Future: ("add_done_callback",),
    weakref.finalize: ("__init__",),
}
"""Functions that have functions among their arguments called, now or later."""


def _handing_on(original: Callable[..., Any]) -> Callable[..., Any]:
    """`original`, with others for the functions written in C among its arguments, which announce what they touch."""

    def call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if originals.get_ident() != TURN.ident:
            return original(*args, **kwargs)
        site = site_of_caller("call", "")
        called = original if site is None else calls.with_announcements(original, site)
        return called(*args, **kwargs)

    return call


def _running(original: Callable[..., Any]) -> Callable[..., Any]:
    def run(self: Any, *task: Any) -> Any:
        if originals.get_ident() == TURN.ident and TURN.thread.born_at is not None:
            callable, arguments = _called_by(self, task)
            if callable is not None and not isinstance(callable, FunctionType):
                called = calls.call_unpacked(callable, arguments, site_at(TURN.thread.born_at, "call", ""))
                if called is not callable and not isinstance(callable, Cached):
                    task = _calling(called, self, task)
        return original(self, *task)

    return run


def _called_by(runner: Any, task: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """What a thread, a work item, or since 3.14 the context of a worker is about to call, and with what."""
    if task:
        callable, arguments, *_ = task[0]
    elif isinstance(runner, threading.Thread):
        callable, arguments = runner._target, runner._args  # type: ignore[attr-defined]
    else:
        callable, arguments = runner.fn, runner.args
    return callable, arguments


def _calling(callable: Any, runner: Any, task: tuple[Any, ...]) -> tuple[Any, ...]:
    """Have the runner call this instead; returns what its task is then."""
    if task:
        return ((callable, *task[0][1:]), *task[1:])
    setattr(runner, "_target" if isinstance(runner, threading.Thread) else "fn", callable)
    return task


def _reads(first: Any, second: Any) -> None:
    site = _called_at()
    if site is None:
        return
    if site.shared or is_iterator(type(first)) or is_iterator(type(second)):
        announcing.touch(list(reads_through(first, second)), site)
        return
    found, _ = gone_through((first, second))
    conflicts = TURN.scheduler.conflicts
    conflicts.reads(found, site)
    if conflicts.unordered:
        for container in found:
            conflicts.order_is_read(container)


def _reads_attributes(first: Any, second: Any) -> None:
    site = _called_at()
    if site is not None:
        found = reads_through(first) if is_iterator(type(first)) else everything_in(first, enters=has_attributes)
        announcing.touch(list(found), site)


def _starts_a_process(process: Any, _: Any) -> None:
    _note_process()


def _noting_process(function: Callable[..., Any]) -> Callable[..., Any]:
    def start(*args: Any, **kwargs: Any) -> Any:
        _note_process()
        return function(*args, **kwargs)

    return start


for _name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system"):
    if hasattr(os, _name):
        calls.REPLACED_CALLABLES[id(getattr(os, _name))] = _noting_process(getattr(os, _name))


def _note_process() -> None:
    if originals.get_ident() == TURN.ident:
        note = describe_process(TURN.thread, site_of_caller("call", ""))
        scheduler = TURN.scheduler
        if note not in scheduler.processes:
            scheduler.processes += (note,)


def _imports(_: Any, module: Any) -> None:
    """The top-level code of a module is about to run, which is not watched."""
    if originals.get_ident() != TURN.ident or not TURN.several:
        return
    if is_project_file(getattr(module, "__file__", None) or "<frozen>"):
        TURN.scheduler.imports += (describe_import(TURN.thread, module.__name__, site_of_caller("call", "")),)


def _reads_environment(name: Any, default: Any) -> None:
    site = _called_at()
    if site is not None:
        announcing.touch([Touch(os.environ, name, "read")], site)


def _reads_all_environment(_: Any, __: Any) -> None:
    site = _called_at()
    if site is not None:
        announcing.touch([Touch(os.environ, WHOLE, "read")], site)


def _reads_arguments(record: Any, _: Any) -> None:
    _reads_shown(record.args)


def _writes_to_stream(handler: Any, _: Any) -> None:
    _reads_shown(handler.stream)


def _reads_shown(shown: Any) -> None:
    site = site_of_caller("call", "") if originals.get_ident() == TURN.ident else None
    if site is not None and (TURN.several or site.shared):
        announcing.touch(list(reads_through(shown)), site)


def _called_at() -> Site | None:
    """Where watched code has called the function; None if there is nothing to tell, or the function calls itself."""
    if originals.get_ident() != TURN.ident or TURN.thread.atomic:
        return None
    frame = sys._getframe(2)
    caller = frame.f_back
    if caller is None or _package(caller) == _package(frame):
        return None
    key = id(caller.f_code), caller.f_lasti
    site = _sites.get(key)
    if site is None:
        site = site_of_caller("call", "")
        if site is None:
            return None
        if is_watched(caller.f_code):
            _sites[key] = site
    return site if TURN.several or site.shared else None


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]


_sites: dict[tuple[int, int], Site] = {}
"""Where watched code, which is kept for good, calls such a function itself."""


def _opened(file: Any, mode: Any = "r", *args: Any, **kwargs: Any) -> Any:
    caller = sys._getframe(1)
    if originals.get_ident() == TURN.ident and not TURN.thread.atomic and _package(caller) not in _READING_SOURCE:
        site = site_of_caller("call", "")
        if site is not None and (TURN.several or site.shared):
            announcing.touch_what_is_there(lambda: list(path_touches(OPENS, (file, mode))), site)
    return originals.open(file, mode, *args, **kwargs)


_READING_SOURCE = frozenset({"linecache", "tokenize"})
"""Modules that open the files of the code that runs, to show it, and not each time."""


def _telling_defaults(make: Callable[..., Any]) -> Callable[..., Any]:
    """`make`, which makes an encoder of JSON: what its `default` gives for an object is read as soon as it is there."""

    def make_telling(markers: Any, default: Any, *rest: Any) -> Any:
        site = site_of_caller("call", "") if originals.get_ident() == TURN.ident else None
        if site is None or getattr(default, "__func__", None) is json.JSONEncoder.default:
            return make(markers, default, *rest)

        def tell(obj: Any) -> Any:
            shown = calls.call_with(default, obj, site)(obj)
            _reads_shown(shown)
            return shown

        return make(markers, tell, *rest)

    return make_telling


_JSON: Any = json.encoder

REPLACEMENTS: dict[Any, Any] = {
    original: replacement
    for original, replacement in (
        (originals.open, _opened),
        (_JSON.c_make_encoder, _telling_defaults(_JSON.c_make_encoder)),
    )
    if original is not None  # as in an interpreter whose encoder is written in Python
}
"""Functions written in C that libraries call for watched code, too, and what stands in their place meanwhile."""


def _on_files(original: Callable[..., Any], operations: Operations) -> Callable[..., Any]:
    def operation(*args: Any, **kwargs: Any) -> Any:
        if originals.get_ident() != TURN.ident or TURN.thread.atomic:
            return original(*args, **kwargs)
        site = site_of_caller("call", "")
        if site is not None and (TURN.several or site.shared):
            paths = (*args, *kwargs.values())
            announcing.touch_what_is_there(lambda: list(path_touches(operations, paths)), site)
        thread = TURN.thread
        thread.atomic = 1
        try:
            return original(*args, **kwargs)
        finally:
            thread.atomic = 0

    return operation
