"""Replacing functions wherever a module holds them: `time.sleep`, and the `sleep` of `from time import sleep`.

Of what is defined in an installed module, the defaults of functions and the attributes of classes are looked at, too:
what they hold, code that is not watched calls.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any

from racekit.watch.scope import is_project_file

SKIPPED_PACKAGES = ("racekit", "_pytest", "pluggy", "hypothesis", "pytest_timeout", "xdist", "execnet", "coverage")
"""Tools that measure real time around a test, not the code under test."""


class NameReplacement:
    """Puts functions in the place of others in every loaded module, and the others back.

    As functions written in C, they do not become methods where a class keeps them.
    """

    def __init__(self, replacements: Mapping[Any, Callable[..., Any]]) -> None:
        self._replacements = {original: staticmethod(function) for original, function in replacements.items()}

    def install(self) -> None:
        _replace(self._replacements)

    def remove(self) -> None:
        """Also in modules that were loaded meanwhile and took a replacement for the real thing."""
        originals = {replacement: original for original, replacement in self._replacements.items()}
        _replace(originals | {replacement.__func__: original for replacement, original in originals.items()})


_Held = tuple[dict[str, Any], int, list[FunctionType | type]]
"""A namespace, how many names it had, and what is defined there and holds what is replaced."""


class _Survey:
    """The namespaces of the loaded modules, and where installed ones could hold what is replaced.

    To look at all names of all modules costs more than a short exploration. Installed modules hardly ever change, and
    then mostly by one more name: as long as they have not, only names are looked at under which any of them was seen to
    hold one of the functions. The project's own modules are always looked at as a whole.
    """

    def __init__(self, before: _Survey | None) -> None:
        self._held_in: dict[int, _Held] = {} if before is None else before._held_in
        self._names, self._modules = list(sys.modules), list(sys.modules.values())
        self.own: list[dict[str, Any]] = []
        self.installed: list[dict[str, Any]] = []
        self.places: list[tuple[dict[str, Any], str]] = []
        for name, module in zip(self._names, self._modules, strict=True):
            namespace = getattr(module, "__dict__", None)
            if name.partition(".")[0] not in SKIPPED_PACKAGES and type(namespace) is dict:
                kept = self.own if is_project_file(namespace.get("__file__") or "<frozen>") else self.installed
                kept.append(namespace)
        self._sizes: list[int] = []
        self.holders: list[FunctionType | type] = []

    def note_places(self, by_identity: Mapping[int, Any]) -> None:
        """`by_identity` has what is replaced, and the replacements."""
        before, self._held_in = self._held_in, {}
        for namespace in self.installed:
            known = before.get(id(namespace))
            if known is None or known[0] is not namespace or known[1] != len(namespace):
                known = namespace, len(namespace), list(_holders(namespace, by_identity))
            self._held_in[id(namespace)] = known
        self.holders = [holder for _, _, holders in self._held_in.values() for holder in holders]
        self.places = [(namespace, name) for name in _names_seen for namespace in self.installed if name in namespace]
        self._sizes = list(map(len, self.installed))

    def still_holds(self) -> bool:
        return (
            self._modules == list(sys.modules.values())
            and self._names == list(sys.modules)
            and self._sizes == list(map(len, self.installed))
        )


_names_seen: set[str] = set()
_survey: _Survey | None = None


def _replace(replacements: dict[Any, Any]) -> None:
    global _survey
    by_identity = {id(old): new for old, new in replacements.items()}
    survey = _survey
    if survey is not None and survey.still_holds():
        for namespace, name in survey.places:
            if id(namespace.get(name)) in by_identity:
                namespace[name] = by_identity[id(namespace[name])]
    else:
        survey = _survey = _Survey(survey)
        for namespace in survey.installed:
            _names_seen.update(_replace_in(namespace, by_identity))
        survey.note_places(by_identity)
    for namespace in survey.own:
        _replace_in(namespace, by_identity)
    for holder in survey.holders:
        _replace_held(holder, by_identity)


def _holders(namespace: dict[str, Any], by_identity: Mapping[int, Any]) -> Iterator[FunctionType | type]:
    """The functions and classes that are defined in a module and hold what is replaced."""
    module = namespace.get("__name__")
    replaced = by_identity.keys()
    for value in list(namespace.values()):
        kind = type(value)
        if kind is FunctionType:
            functions = [value]
        elif issubclass(kind, type) and (attributes := vars(value)).get("__module__") == module:
            if not replaced.isdisjoint(map(id, attributes.values())):
                yield value
            functions = [each for each in attributes.values() if type(each) is FunctionType]
        else:
            continue
        for function in functions:
            defaults, by_name = function.__defaults__, function.__kwdefaults__
            if (defaults and not replaced.isdisjoint(map(id, defaults))) or (
                by_name and not replaced.isdisjoint(map(id, by_name.values()))
            ):
                yield function


def _replace_held(holder: FunctionType | type, by_identity: dict[int, Any]) -> None:
    if isinstance(holder, type):
        for name, value in list(vars(holder).items()):
            if id(value) in by_identity:
                type.__setattr__(holder, name, by_identity[id(value)])
        return
    if holder.__defaults__:
        holder.__defaults__ = tuple(by_identity.get(id(each), each) for each in holder.__defaults__)
    _replace_in(holder.__kwdefaults__ or {}, by_identity)


def _replace_in(namespace: dict[str, Any], by_identity: dict[int, Any]) -> list[str]:
    """Returns the names that held one."""
    if by_identity.keys().isdisjoint(map(id, namespace.values())):
        return []
    found = [name for name, value in list(namespace.items()) if id(value) in by_identity]
    for name in found:
        namespace[name] = by_identity[id(namespace[name])]
    return found
