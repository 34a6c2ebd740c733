"""Watching functions for a time: each one is rewritten when it is first called, and has its own code again at the end.

Until then a watched function has code that only forwards: it has itself rewritten and is called again. What looks at
its callers would see that, so such a function is rewritten at once.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterable
from types import CodeType, FunctionType
from typing import Any

from racekit.watch.functions import FoundFunction, Functions, all_objects
from racekit.watch.rewrite import CannotRewrite, Hooks, Rewritten, rewrite
from racekit.watch.scope import Scope
from racekit.watch.site import Site
from racekit.watch.swap import Swaps, forwarding_code


class Watcher:
    """Rewritten code is kept between explorations; what is watched lasts from `install` to `Swaps.undo`.

    `found_site` and `found_code` are told of every site and every code object that comes to be watched; `quietly` runs
    what is racekit's own work in the midst of the code under test, and adds to `seconds` what that took.
    """

    def __init__(
        self,
        hooks: Hooks,
        found_site: Callable[[Site], None],
        found_code: Callable[[CodeType], None],
        quietly: Callable[[Callable[[], None]], None],
        is_watched: Callable[[CodeType], bool],
    ) -> None:
        self._hooks = hooks
        self._found_site = found_site
        self._found_code = found_code
        self._quietly = quietly
        self._is_watched = is_watched
        self._rewritten: dict[tuple[int, int], tuple[CodeType, Rewritten]] = {}
        self._with_every_attribute: dict[tuple[int, int], tuple[CodeType, Rewritten]] = {}
        self._every_attribute = False
        self._stored_names: set[str] = set()
        self._functions: dict[tuple[int, int], list[FunctionType]] = {}
        self._watched: dict[int, tuple[FunctionType, CodeType]] = {}
        self._swaps = Swaps()
        self._in_scope = Functions()
        self.refused: dict[str, CannotRewrite] = {}
        self.grown = False
        self.seconds = 0.0

    def install(self, scope: Scope, swaps: Swaps, *, every_attribute: bool = False) -> None:
        """Watch every function of the process that is in scope.

        every_attribute: announce each load of an attribute, not only those of names that some watched code is known to
        store. So what is announced does not depend on which functions were watched before.
        """
        self._swaps = swaps
        self._every_attribute = every_attribute
        self.forget()
        self.refused.clear()
        self.grown = False
        self.seconds = 0.0
        self._watch_all(self._in_scope.all_of(scope))

    def find_new(self, *, youngest: bool) -> None:
        """Watch functions that came into being since, in code that is not rewritten: by an import, or by `exec`.

        youngest: only look among the youngest objects, where they are for as long as nothing was collected; they have
        not run yet. Otherwise they may have run unseen, so that the search has to begin anew.
        """
        if youngest:
            self._watch_all(self._in_scope.new_in(gc.get_objects(generation=0)))
        elif self._watch_all(self._in_scope.new_in(all_objects())):
            self.grown = True

    def _watch_all(self, functions: Iterable[tuple[FunctionType, FoundFunction]]) -> bool:
        any_new = False
        for function, found in functions:
            if not (id(function) in self._watched or self._is_watched(found.code)):
                self._watch(function, found)
                any_new = True
        return any_new

    def forget(self) -> None:
        """The exploration is over: nothing is watched."""
        self._functions.clear()
        self._watched.clear()

    def forget_all(self) -> None:
        """As in a new process: no code is known, nor which attributes other code stores."""
        self.forget()
        self._rewritten.clear()
        self._with_every_attribute.clear()
        self._stored_names.clear()

    def store(self, name: str) -> None:
        """An attribute or global of this name is stored where rewriting cannot see it: its loads must be announced."""
        self._add_stored_names(frozenset((name,)))

    def own_code(self, function: FunctionType) -> CodeType:
        """The code that `function` has without being watched."""
        watched = self._watched.get(id(function))
        return self._swaps.before(function) if watched is None else watched[1]

    def change_code(self, function: FunctionType, code: CodeType) -> None:
        """Give `function` other code of its own; if it is watched, that is watched."""
        watched = self._watched.get(id(function))
        if watched is None:
            function.__code__ = code
            return
        same = self._functions[_key(function, watched[1])]
        same[:] = [other for other in same if other is not function]
        self._watch(function, FoundFunction(function, code))

    def _watch(self, function: FunctionType, found: FoundFunction) -> None:
        code = found.code
        self._watched[id(function)] = function, code
        key = _key(function, code)
        self._functions.setdefault(key, []).append(function)
        cached = self._cache().get(key)
        if cached is not None:
            self._swaps.swap(function, cached[1].code)
            return
        if _looks_at_its_callers(code):
            self._rewrite(function, code)
            return
        try:
            if found.forwarding is None:
                found.forwarding = forwarding_code(code, self._rewriter(function, code))
            self._swaps.swap(function, found.forwarding)
        except ValueError:
            self._rewrite(function, code)

    def _rewriter(self, function: FunctionType, code: CodeType) -> Callable[..., Any]:
        reference = weakref.ref(function)  # the code is kept for longer than the function

        def rewrite_and_call(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            function = reference()
            assert function is not None
            self._quietly(lambda: self._rewrite(function, code))
            return function(*args, **kwargs)

        return rewrite_and_call

    def _rewrite(self, function: FunctionType, code: CodeType) -> None:
        key = _key(function, code)
        try:
            rewritten = rewrite(
                code,
                self._hooks,
                namespace=function.__globals__,
                announced=self._stored_names.__contains__,
                every_attribute=self._every_attribute,
            )
        except CannotRewrite as error:
            self.refused[code.co_qualname] = error
            self._swaps.swap(function, code)
            return
        self._cache()[key] = code, rewritten
        for site in rewritten.sites:
            self._found_site(site)
        self._tell(rewritten.code)
        for same in self._functions.get(key, ()):
            self._swaps.swap(same, rewritten.code)
        self._add_stored_names(rewritten.stored_names)

    def _cache(self) -> dict[tuple[int, int], tuple[CodeType, Rewritten]]:
        return self._with_every_attribute if self._every_attribute else self._rewritten

    def _tell(self, code: CodeType) -> None:
        self._found_code(code)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._tell(constant)

    def _add_stored_names(self, names: frozenset[str]) -> None:
        new = names - self._stored_names
        if not new:
            return
        self._stored_names |= new
        for cache in (self._rewritten, self._with_every_attribute):
            for key, (code, rewritten) in list(cache.items()):
                if not new.isdisjoint(rewritten.loaded_names):
                    del cache[key]
                    if cache is self._cache():
                        self._rewrite_again(key, code)

    def _rewrite_again(self, key: tuple[int, int], code: CodeType) -> None:
        self.grown = True
        for function in self._functions.get(key, ()):
            try:
                self._swaps.swap(function, forwarding_code(code, self._rewriter(function, code)))
            except ValueError:
                self._rewrite(function, code)


_NAMES_FOR_CALLERS = frozenset(
    {"_getframe", "_getframemodulename", "currentframe", "f_back", "stack", "extract_stack", "print_stack"}
)


def _looks_at_its_callers(code: CodeType) -> bool:
    """Whether it may ask who called it: by a frame, or for a warning that is to be shown there."""
    return not _NAMES_FOR_CALLERS.isdisjoint(code.co_names) or any(
        type(constant) is tuple and "stacklevel" in constant for constant in code.co_consts
    )


def _key(function: FunctionType, code: CodeType) -> tuple[int, int]:
    return id(code), id(function.__globals__)
