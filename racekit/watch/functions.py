"""The functions of the process that are in scope, found among all objects, and remembered for the next exploration."""

from __future__ import annotations

import functools
import gc
import os
import sys
import sysconfig
import weakref
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType

from racekit.watch.scope import Scope
from racekit.watch.stored_names import stored_names

_FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


@functools.cache
def knows_old_objects() -> bool:
    """Whether the collector tells which objects are new: those that have survived one collection wait in the middle.

    Otherwise, as on free-threaded builds and on 3.14.0 to 3.14.4, all objects have to be looked at each time.
    """
    if _FREE_THREADED:
        return False
    survivor: list[object] = []
    gc.collect(0)
    return any(found is survivor for found in gc.get_objects(generation=1))


class FoundFunction:
    """A function in scope, the names that it stores, and the forwarding code that was made for it, if it was.

    `at_once`: none can be made, so it has to be rewritten before it is called. The `function` is there while it is
    held; before and after that, this does not keep it alive.
    """

    __slots__ = ("at_once", "code", "forwarding", "function", "reference", "stored_names")

    def __init__(self, function: FunctionType) -> None:
        self.function = function
        self.reference = weakref.ref(function)
        self.code = function.__code__
        self.forwarding: CodeType | None = None
        self.at_once = False
        self.stored_names = stored_names(function.__code__)

    def hold(self) -> bool:
        """Hold the function, unless it is gone or has other code than before."""
        function = self.reference()
        if function is None or function.__code__ is not self.code:
            return False
        self.function = function
        return True

    def let_go(self) -> None:
        del self.function


class Functions:
    """Finds the functions in scope. As long as nothing grew old in between, only young objects are looked at again."""

    def __init__(self) -> None:
        self._found: dict[int, FoundFunction] = {}
        self._scope = Scope()
        self._collections: tuple[int, ...] = ()

    def all_of(self, scope: Scope) -> dict[int, FoundFunction]:
        """Every function of the process that is in scope, wherever it was found, by its id. They are held."""
        before: dict[int, FoundFunction] = {}
        if scope.names == self._scope.names and self._nothing_grew_old():
            functions = _young_functions()
            for identity, found in [each for each in self._found.items() if not each[1].hold()]:
                del self._found[identity]
                if (function := found.reference()) is not None:
                    functions.append(function)
        else:
            if knows_old_objects():
                gc.collect(1)  # what is there now grows old, so that the next search need not look at it
            self._collections = _collections_of_old_objects()
            functions = all_functions()
            before, self._found = self._found, {}
        self._scope = scope
        for function in self._in_scope(functions):
            identity = id(function)
            if identity not in self._found:
                kept = before.get(identity)
                self._found[identity] = kept if kept is not None and kept.hold() else FoundFunction(function)
        return self._found

    def born_since(self) -> list[FunctionType]:
        """The functions that may have come into being since the last search, and some that did not."""
        return _young_functions() if self._nothing_grew_old() else all_functions()

    def _nothing_grew_old(self) -> bool:
        return bool(self._collections) and self._collections == _collections_of_old_objects()

    def new_in(self, functions: Iterable[FunctionType]) -> list[FoundFunction]:
        """Those of `functions` that are in the scope of the last search."""
        return list(map(FoundFunction, self._in_scope(functions)))

    def _in_scope(self, functions: Iterable[FunctionType]) -> Iterator[FunctionType]:
        verdicts, judge = self._scope.verdicts, self._scope.judge
        for function in functions:
            verdict = verdicts.get(function.__code__.co_filename)
            if (judge(function) if verdict is None else verdict) and is_whole(function):
                yield function


def is_whole(function: FunctionType) -> bool:
    """Whether it can be called: what finalizers find while the collector breaks a circle may have lost its closure."""
    return len(function.__closure__ or ()) == len(function.__code__.co_freevars)


def youngest_functions() -> list[FunctionType]:
    """Those that have not survived any collection."""
    return _functions_among(gc.get_objects(generation=0))


def _young_functions() -> list[FunctionType]:
    return youngest_functions() + _functions_among(gc.get_objects(generation=1))


def all_functions() -> list[FunctionType]:
    """Every function that exists."""
    functions = _functions_among(gc.get_objects())
    return functions + _HIDDEN.beyond(functions)


def _functions_among(objects: list[object]) -> list[FunctionType]:
    return [found for found in objects if type(found) is FunctionType]


class _Hidden:
    """Functions that the collector does not tell of: they have to be found by what refers to them.

    Such are all that were there when somebody called `gc.freeze`. And on a free-threaded 3.13, from the first thread
    on, functions, classes and modules are immortal, and those that each collection comes by are no longer its business
    (`_PyGC_ImmortalizeDeferredObjects`, `update_refs` in Python/gc_free_threading.c).
    """

    def __init__(self) -> None:
        self._collections: list[int] = []
        self._newest: object = None
        self._functions: list[weakref.ref[FunctionType]] = []

    def beyond(self, functions: list[FunctionType]) -> list[FunctionType]:
        """The functions that exist besides these, which are all that the collector knows."""
        immortal = _FREE_THREADED and not any(found is _AS_OLD_AS_THE_PROCESS for found in functions)
        if not (immortal or gc.get_freeze_count()):
            return []
        collections = [generation["collections"] for generation in gc.get_stats()] if immortal else []
        if collections != self._collections or not any(found is self._newest for found in functions):
            self._collections = collections
            self._functions = list(map(weakref.ref, _reachable_functions(gc.get_objects())))
            self._newest = lambda: None  # as long as the collector knows this one, nothing was frozen since
        return [function for reference in self._functions if (function := reference()) is not None]


_AS_OLD_AS_THE_PROCESS = os.path.join
_HIDDEN = _Hidden()


def _reachable_functions(objects: list[object]) -> list[FunctionType]:
    """The functions that `objects` and modules refer to, through others that are not among `objects` themselves."""
    seen = set(map(id, objects))
    unsafe = sys.modules.get(_REFERS_TO_FREED_OBJECTS)
    newest = [*objects, *sys.modules.values()]
    reached: list[object] = []
    while newest:
        referents = {id(found): found for found in gc.get_referents(*(each for each in newest if each is not unsafe))}
        new = referents.keys() - seen
        seen |= new
        newest = [referents[identity] for identity in new if type(referents[identity]) not in _REFER_TO_NO_FUNCTION]
        reached += newest
    return _functions_among(reached)


_REFERS_TO_FREED_OBJECTS = "_asyncio"
"""A module that on 3.12.0 to 3.12.4 tells of iterators that it has freed, which frees them once more, so that the next
collection never ends (https://github.com/python/cpython/issues/122695)."""

_REFER_TO_NO_FUNCTION = frozenset({str, bytes, int, float, bool, CodeType, type(None)})


def _collections_of_old_objects() -> tuple[int, ...]:
    """How often objects may have grown old by now, or were frozen; empty if nobody can tell."""
    if not knows_old_objects():
        return ()
    return gc.get_freeze_count(), *(generation["collections"] for generation in gc.get_stats()[1:])
