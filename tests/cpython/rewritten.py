"""Run one test module of CPython with every function of it, and of what it tests, rewritten."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
import unittest
from collections.abc import Sequence
from dataclasses import fields

from racekit.watch.functions import all_functions
from racekit.watch.hooks import Hooks
from racekit.watch.rewrite import rewrite
from tests.cpython import outcomes

MODULES = (
    "test_grammar",
    "test_generators",
    "test_with",
    "test_scope",
    "test_exceptions",
    "test_except_star",
    "test_patma",
    "test_coroutines",
    "test_super",
    "test_descr",
    "test_dataclasses",
    "test_functools",
    "test_contextlib",
    "test_listcomps",
    "test_unpack_ex",
    "test_traceback",
)
TESTED = frozenset(
    {"contextlib", "dataclasses", "enum", "functools", "inspect", "traceback", "linecache", "asyncio.runners"}
)
"""Parts of the standard library that those tests test."""


def _nothing(*operands: object) -> None:
    """A hook that only lets the instruction go on."""


def _itself(function: object, *operands: object) -> object:
    return function


HOOKS = Hooks(**{each.name: _itself if each.name.startswith("call") else _nothing for each in fields(Hooks)})


def rewritten(code: types.CodeType) -> types.CodeType:
    return rewrite(code, HOOKS, namespace={}, announced=lambda name: True).code


class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> types.CodeType | None:
        code = super().get_code(fullname)
        return None if code is None else rewritten(code)


class Finder(importlib.abc.MetaPathFinder):
    """Rewrites what is imported from now on: the tests, and fresh copies of what they test."""

    def __init__(self, module: str) -> None:
        self.module = module

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in TESTED and name != self.module and not name.startswith(f"{self.module}."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec


def rewrite_what_is_loaded() -> None:
    done: set[types.CodeType] = set()
    for function in all_functions():
        if function.__module__ in TESTED and function.__code__ not in done:
            function.__code__ = rewritten(function.__code__)
            done.add(function.__code__)


def run(module: str, *, plain: bool) -> dict[str, list[str]]:
    """Test -> [word, traceback], as it comes out with everything rewritten, or `plain`."""
    if not plain:
        for name in TESTED:
            importlib.import_module(name)
        rewrite_what_is_loaded()
        sys.meta_path.insert(0, Finder(f"test.{module}"))
    found = importlib.import_module(f"test.{module}")
    if isinstance(found.__loader__, Loader) is plain:
        raise RuntimeError(f"test.{module} was imported by {found.__loader__}, so this would compare the wrong things")
    return outcomes.run(unittest.defaultTestLoader.loadTestsFromModule(found))
