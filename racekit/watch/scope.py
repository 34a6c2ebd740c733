"""Which functions are watched: the project and its tests, not the standard library, not what is installed."""

from __future__ import annotations

import contextlib
import csv
import functools
import glob
import os
import pathlib
import string
import sys
import sysconfig
import tempfile
from collections import ChainMap, UserDict, UserList
from types import FunctionType
from typing import Any

from racekit.watch.named_code import defined_name

_RACEKIT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")
_SCENARIOS = os.path.join(_RACEKIT, "scenarios", "")
"""racekit's own scenarios are there to be watched, also where racekit is installed."""

_LIBRARIES = tuple(
    {os.path.join(os.path.realpath(sysconfig.get_path(name)), "") for name in ("stdlib", "platstdlib")}
    | {os.path.join(os.path.realpath(os.path.dirname(os.__file__)), "")}
)
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def _with_wrapped(function: Any) -> list[Any]:
    """A function, and those that it calls as the decorator that it is a part of."""
    return [function, *(cell.cell_contents for cell in getattr(function, "__closure__", None) or ())]


_CLASSES_OF_LIBRARY: tuple[Any, ...] = (
    *(UserDict, UserList, ChainMap, string.Formatter, csv.DictReader, csv.DictWriter),
    *(contextlib.ExitStack, contextlib._BaseExitStack, contextlib.closing, contextlib.chdir),
    *(getattr(tempfile, f"_TemporaryFile{part}") for part in ("Wrapper", "Closer")),
    tempfile.SpooledTemporaryFile,
)
_OF_LIBRARY: frozenset[Any] = frozenset(
    function
    for function in (
        functools.cached_property.__get__,
        *(getattr(os, name, None) for name in ("walk", "_walk", "fwalk", "_fwalk")),
        getattr(pathlib.Path, "walk", None),
        *(function for kind in _CLASSES_OF_LIBRARY for each in vars(kind).values() for function in _with_wrapped(each)),
        *(found for found in vars(glob).values() if getattr(found, "__module__", None) == "glob"),
    )
    if isinstance(function, FunctionType)
)
"""Functions of the standard library that go about data of the code under test in several steps."""

_FILES_OF_LIBRARY = frozenset(function.__code__.co_filename for function in _OF_LIBRARY)


class Scope:
    """The default scope, widened by the dotted names in `include` and narrowed by those in `exclude`, which win.

    A name stands for a package, module, class or function and all that is in it. Raises BadArgument for a name that
    stands for nothing, and for one in `include` of what is written in C.
    """

    def __init__(self, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> None:
        self._include = _all_names("include", include)
        self._exclude = _all_names("exclude", exclude)
        self.names = include, exclude
        self._named = {name.partition(".")[0] for name in (*self._include, *self._exclude)}
        self.verdicts: dict[str, bool] = {}
        """For each file that was judged as a whole: whether its functions are watched."""

    def judge(self, function: FunctionType) -> bool:
        """As `watches`; remembers in `verdicts` what holds for every function of a file."""
        filename = function.__code__.co_filename
        verdict = self.watches(function)
        if not (self._named or filename.startswith("<") or filename in _FILES_OF_LIBRARY):
            self.verdicts[filename] = verdict
        return verdict

    def watches(self, function: FunctionType) -> bool:
        """Whether the accesses of `function` are to be seen."""
        if function in _OF_LIBRARY:
            return True
        if self._named and str(function.__module__).partition(".")[0] in self._named:
            name = f"{function.__module__}.{function.__qualname__}"
            if _is_in(name, self._exclude):
                return False
            if _is_in(name, self._include):
                return not is_racekit(os.path.abspath(function.__code__.co_filename))
        filename = function.__code__.co_filename
        if filename.startswith("<") and not filename.startswith("<frozen"):
            return _is_project_module(function.__globals__, str(function.__module__))
        return is_project_file(filename)


def _all_names(option: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for name in names for each in (name, defined_name(option, name))))


def _is_in(name: str, scopes: tuple[str, ...]) -> bool:
    return any(name == scope or name.startswith(f"{scope}.") for scope in scopes)


def _is_project_module(namespace: dict[str, Any], module: str) -> bool:
    """For code without a file of its own, such as a dataclass's methods: the module that it was made for decides.

    Where there is none, it is what a user runs by `exec` or types into an interpreter, but for namedtuple's methods.
    """
    filename = namespace.get("__file__")
    if not isinstance(filename, str):
        filename = getattr(sys.modules.get(module), "__file__", None)
    return is_project_file(filename) if isinstance(filename, str) else not module.startswith("namedtuple_")


def is_racekit(path: str) -> bool:
    """Whether this is a file of racekit, other than its scenarios."""
    return path.startswith(_RACEKIT) and not path.startswith(_SCENARIOS)


def _real_path(filename: str) -> str:
    """As `os.path.realpath`, which asks about each directory for each file in it."""
    directory, name = os.path.split(filename)
    path = os.path.join(_real_directory(directory), name)
    return os.path.realpath(path) if os.path.islink(path) else path


_real_directory = functools.cache(os.path.realpath)


@functools.cache
def is_project_file(filename: str) -> bool:
    if filename.startswith("<frozen"):
        return False
    path = os.path.abspath(filename)
    if path.startswith(_RACEKIT):
        return path.startswith(_SCENARIOS)
    path = _real_path(path)
    return not (any(part in path for part in _INSTALLED) or path.startswith(_LIBRARIES))
