"""Watching functions for a time: each one is rewritten when it is first called, and has its own code again at the end.

Until then a watched function has code that only forwards: it has itself rewritten and is called again. What looks at
its callers would see that, so such a function is rewritten at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from types import CodeType, FunctionType
from typing import Any
from weakref import ref

from racekit.watch.functions import FoundFunction, Functions, all_functions, is_whole, youngest_functions
from racekit.watch.hooks import Hooks
from racekit.watch.rewrite import CannotRewrite, Rewritten, rewrite
from racekit.watch.scope import Scope
from racekit.watch.site import Site
from racekit.watch.stored_names import EQUALITY, stored_names
from racekit.watch.swap import Swaps, forwarding_code


class Watcher:
    """What is watched, and which attributes are known to be stored, lasts for one exploration.

    Rewritten code is kept for longer, but used only where it announces just what it would if it was made anew: so an
    exploration does the same whatever ran before. `found_site` and `found_code` are told of every site and every code
    object that comes to be watched; `quietly` runs what is racekit's own work in the midst of the code under test, and
    adds to `seconds` what that took.
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
        self._versions: dict[tuple[int, int, bool], _Versions] = {}
        self._every_attribute = False
        self._stored_names: set[str] = set()
        self._watched: dict[int, FoundFunction] = {}
        self._in_use: dict[_Versions, Rewritten] = {}
        self._own_codes: dict[int, CodeType] = {}
        self._executed: dict[tuple[CodeType, str, int, bool], _Versions] = {}
        self._swaps = Swaps()
        self._in_scope = Functions()
        self.refused: dict[str, CannotRewrite] = {}
        self.grown = False
        self.seconds = 0.0

    def install(self, scope: Scope, swaps: Swaps, *, every_attribute: bool = False) -> None:
        """Watch every function of the process that is in scope.

        every_attribute: announce each load of an attribute, not only those of names that some watched code is known to
        store.
        """
        self._swaps = swaps
        self._every_attribute = every_attribute
        self.forget()
        self._stored_names.clear()
        self.refused.clear()
        self.grown = False
        self.seconds = 0.0
        self._watch_all(self._in_scope.all_of(scope).values())

    def find_new(self, *, youngest: bool) -> None:
        """Watch functions that came into being since, in code that is not rewritten: by an import, or by `exec`.

        youngest: only look among the youngest objects, where they are for as long as nothing was collected; they have
        not run yet. Otherwise they may have run unseen, so that the search has to begin anew.
        """
        if youngest:
            self._watch_new(youngest_functions())
        elif self._watch_new(all_functions()):
            self.grown = True

    def watch_born(self) -> None:
        """Rewrite functions anew that rewritten code has made, and that somebody has kept."""
        for function, code in self._born():
            function.__code__ = code
            self._watch([FoundFunction(function)])

    def release_born(self) -> None:
        """Give them their own code, as they would have it if the code that made them had not been rewritten."""
        for function, code in self._born():
            function.__code__ = code

    def _born(self) -> list[tuple[FunctionType, CodeType]]:
        own = self._own_codes
        return [
            (function, own[id(function.__code__)])
            for function in self._in_scope.born_since()
            if id(function.__code__) in own and id(function) not in self._watched and is_whole(function)
        ]

    def _watch_new(self, functions: list[FunctionType]) -> bool:
        """Whether there were some among these that are in scope and not watched yet."""
        found = self._in_scope.new_in(functions)
        new = [each for each in found if not (id(each.function) in self._watched or self._is_watched(each.code))]
        self._watch_all(new)
        return bool(new)

    def _watch_all(self, functions: Collection[FoundFunction]) -> None:
        self._add_stored_names(frozenset().union(*[found.stored_names for found in functions if found.stored_names]))
        self._watch(functions)

    def forget(self) -> None:
        """The exploration is over: nothing is watched, and every function has its own code again."""
        for found in self._watched.values():
            found.function.__code__ = found.code
            found.let_go()
        self._watched.clear()
        self._in_use.clear()
        self._executed.clear()

    def store(self, name: str) -> None:
        """An attribute or global of this name is stored where rewriting cannot see it: its loads must be announced."""
        self._add_stored_names(frozenset((name,)))

    def executed(self, code: CodeType, namespace: dict[str, Any], *, of_module: bool) -> CodeType:
        """`code`, which is about to be run directly in `namespace`, as watched code.

        of_module: its names are variables of the namespace.
        """
        self._add_stored_names(stored_names(code, of_module=of_module))
        key = code, code.co_filename, id(namespace), of_module
        versions = self._executed.setdefault(key, _Versions(code, namespace))
        rewritten = versions.get(self._stored_names)
        if rewritten is None:
            try:
                rewritten = self._new_version(versions, namespace, code, of_module=of_module)
            except CannotRewrite as error:
                self.refused[code.co_qualname] = error
                return code
        self._in_use[versions] = rewritten
        return rewritten.code

    @property
    def compares(self) -> bool:
        """Whether some watched code says how objects are compared, which may be keys."""
        return EQUALITY in self._stored_names

    def own_code(self, function: FunctionType) -> CodeType:
        """The code that `function` has without being watched."""
        watched = self._watched.get(id(function))
        return self._swaps.before(function) if watched is None else watched.code

    def change_code(self, function: FunctionType, code: CodeType) -> None:
        """Give `function` other code of its own; if it is watched, that is watched, until the exploration ends."""
        watched = self._watched.get(id(function))
        if watched is None:
            function.__code__ = code
            return
        function.__code__ = watched.code
        watched.let_go()
        self._swaps.swap(function, code)
        self._watch_all([FoundFunction(function)])

    def _watch(self, functions: Iterable[FoundFunction]) -> None:
        for found in functions:
            self._watched[id(found.function)] = found
            if found.forwarding is None and not found.at_once:
                self._prepare(found)
            if found.forwarding is None:
                self._rewrite(found)
            else:
                found.function.__code__ = found.forwarding

    def _prepare(self, found: FoundFunction) -> None:
        found.at_once = _looks_at_its_callers(found.code)
        if not found.at_once:
            try:
                # A weak reference, since the collector does not look into code: nothing in it may lead back to it.
                found.forwarding = forwarding_code(found.code, partial(self._rewrite_and_call, found.reference))
            except ValueError:
                found.at_once = True

    def _rewrite_and_call(self, reference: ref[FunctionType], /, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        function = reference()
        assert function is not None
        found = self._watched.get(id(function))
        if found is not None:  # a generator may have been kept until after the exploration
            self._quietly(lambda: self._rewrite(found))
        return function(*args, **kwargs)

    def _rewrite(self, found: FoundFunction) -> None:
        function, code = found.function, found.code
        versions = self._versions_of(function, code)
        try:
            rewritten = versions.get(self._stored_names) or self._new_version(versions, function.__globals__, code)
        except CannotRewrite as error:
            self.refused[code.co_qualname] = error
            function.__code__ = code
            return
        self._in_use[versions] = rewritten
        function.__code__ = rewritten.code

    def _new_version(
        self, versions: _Versions, namespace: dict[str, Any], code: CodeType, *, of_module: bool = False
    ) -> Rewritten:
        rewritten = rewrite(
            code,
            self._hooks,
            namespace=namespace,
            announced=self._stored_names.__contains__,
            every_attribute=self._every_attribute,
            of_module=of_module,
        )
        versions.add(rewritten, self._stored_names)
        for site in rewritten.sites:
            self._found_site(site)
        self._tell(rewritten.code, code)
        return rewritten

    def _versions_of(self, function: FunctionType, code: CodeType) -> _Versions:
        key = id(code), id(function.__globals__), self._every_attribute
        if key not in self._versions:
            self._versions[key] = _Versions(code, function.__globals__)
        return self._versions[key]

    def _tell(self, code: CodeType, own: CodeType) -> None:
        self._found_code(code)
        self._own_codes[id(code)] = own
        for nested, own_nested in zip(code.co_consts, own.co_consts, strict=False):
            if isinstance(nested, CodeType):
                self._tell(nested, own_nested)

    def _add_stored_names(self, names: frozenset[str]) -> None:
        new = names - self._stored_names
        if not new:
            return
        self._stored_names |= new
        outdated = {
            id(rewritten.code)
            for versions, rewritten in self._in_use.items()
            if not new.isdisjoint(rewritten.dependent_names)
        }
        if outdated:
            self.grown = True
            self._watch([found for found in self._watched.values() if id(found.function.__code__) in outdated])


class _Versions:
    """The code of a function, rewritten with announcements of different names."""

    def __init__(self, code: CodeType, namespace: dict[str, Any]) -> None:
        self._kept = code, namespace  # so that no other code or namespace has the same id
        self._dependent: frozenset[str] = frozenset()
        self._by_names: dict[frozenset[str], Rewritten] = {}

    def get(self, stored_names: set[str]) -> Rewritten | None:
        """The version to use where some watched code stores these names."""
        return self._by_names.get(self._dependent & stored_names)

    def add(self, rewritten: Rewritten, stored_names: set[str]) -> None:
        self._dependent = rewritten.dependent_names
        self._by_names[self._dependent & stored_names] = rewritten


_NAMES_FOR_CALLERS = frozenset(
    {"_getframe", "_getframemodulename", "currentframe", "f_back", "stack", "extract_stack", "print_stack"}
)


def _looks_at_its_callers(code: CodeType) -> bool:
    """Whether it may ask who called it: by a frame, or for a warning that is to be shown there."""
    if not _NAMES_FOR_CALLERS.isdisjoint(code.co_names):
        return True
    return any("stacklevel" in constant for constant in code.co_consts if type(constant) is tuple)
