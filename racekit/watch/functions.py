"""The functions of the process that are in scope, found among all objects, and remembered for the next exploration."""

from __future__ import annotations

import functools
import gc
import os
import sys
import sysconfig
import weakref
from collections.abc import Iterator
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
            objects = _young_objects()
            for identity, found in [each for each in self._found.items() if not each[1].hold()]:
                del self._found[identity]
                objects.append(found.reference())
        else:
            if knows_old_objects():
                gc.collect(1)  # what is there now grows old, so that the next search need not look at it
            self._collections = _collections_of_old_objects()
            objects = all_objects()
            before, self._found = self._found, {}
        self._scope = scope
        for function in self._in_scope(objects):
            identity = id(function)
            if identity not in self._found:
                kept = before.get(identity)
                self._found[identity] = kept if kept is not None and kept.hold() else FoundFunction(function)
        return self._found

    def born_since(self) -> list[FunctionType]:
        """The functions that may have come into being since the last search, and some that did not."""
        objects = _young_objects() if self._nothing_grew_old() else all_objects()
        return [found for found in objects if type(found) is FunctionType]

    def _nothing_grew_old(self) -> bool:
        return bool(self._collections) and self._collections == _collections_of_old_objects()

    def new_in(self, objects: list[object]) -> list[FoundFunction]:
        """The functions among `objects` that are in the scope of the last search."""
        return list(map(FoundFunction, self._in_scope(objects)))

    def _in_scope(self, objects: list[object]) -> Iterator[FunctionType]:
        verdicts, judge = self._scope.verdicts, self._scope.judge
        for function in [candidate for candidate in objects if type(candidate) is FunctionType]:
            verdict = verdicts.get(function.__code__.co_filename)
            if judge(function) if verdict is None else verdict:
                yield function


def _young_objects() -> list[object]:
    return gc.get_objects(generation=0) + gc.get_objects(generation=1)


def all_objects() -> list[object]:
    """Every object that may be a function, of whatever age."""
    objects = gc.get_objects()
    return objects + _HIDDEN.beyond(objects)


class _Hidden:
    """Functions that the collector does not tell of: they have to be found by what refers to them.

    Such are all that were there when somebody called `gc.freeze`. And on a free-threaded 3.13, from the first thread
    on, functions, classes and modules are immortal, and those that each collection comes by are no longer its business
    (`_PyGC_ImmortalizeDeferredObjects`, `update_refs` in Python/gc_free_threading.c).
    """

    def __init__(self) -> None:
        self._state: list[int] = []
        self._functions: list[weakref.ref[FunctionType]] = []

    def beyond(self, objects: list[object]) -> list[object]:
        """The functions that exist besides `objects`, which the collector knows."""
        state = [gc.get_freeze_count()]
        if _FREE_THREADED and not any(found is _AS_OLD_AS_THE_PROCESS for found in objects):
            state += [generation["collections"] for generation in gc.get_stats()]
        if state == [0]:
            return []
        if state != self._state:
            self._state = state
            self._functions = list(map(weakref.ref, _reachable_functions(objects)))
        return [function for reference in self._functions if (function := reference()) is not None]


_AS_OLD_AS_THE_PROCESS = os.path.join
_HIDDEN = _Hidden()


def _reachable_functions(objects: list[object]) -> list[FunctionType]:
    """The functions that `objects` and modules refer to, through others that are not among `objects` themselves."""
    seen = set(map(id, objects))
    newest = [*objects, *sys.modules.values()]
    reached: list[object] = []
    while newest:
        referents = {id(found): found for found in gc.get_referents(*newest)}
        new = referents.keys() - seen
        seen |= new
        newest = [referents[identity] for identity in new if type(referents[identity]) not in _REFER_TO_NO_FUNCTION]
        reached += newest
    return [found for found in reached if type(found) is FunctionType]


_REFER_TO_NO_FUNCTION = frozenset({str, bytes, int, float, bool, CodeType, type(None)})


def _collections_of_old_objects() -> tuple[int, ...]:
    """How often objects may have grown old by now, or were frozen; empty if nobody can tell."""
    if not knows_old_objects():
        return ()
    return gc.get_freeze_count(), *(generation["collections"] for generation in gc.get_stats()[1:])
