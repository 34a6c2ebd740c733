"""Replacing functions wherever a module holds them: `time.sleep`, and the `sleep` of `from time import sleep`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from racekit.watch.scope import is_project_file

SKIPPED_PACKAGES = ("racekit", "_pytest", "pluggy", "hypothesis", "pytest_timeout", "xdist", "execnet", "coverage")
"""Tools that measure real time around a test, not the code under test."""


class NameReplacement:
    """Puts functions in the place of others in every loaded module, and the others back."""

    def __init__(self, replacements: Mapping[Any, Any]) -> None:
        self._replacements = dict(replacements)

    def install(self) -> None:
        _replace(self._replacements)

    def remove(self) -> None:
        """Also in modules that were loaded meanwhile and took a replacement for the real thing."""
        _replace({replacement: original for original, replacement in self._replacements.items()})


class _Survey:
    """The namespaces of the loaded modules, and where installed ones could hold what is replaced.

    To look at all names of all modules costs more than a short exploration. Installed modules hardly ever change, and
    then mostly by one more name: as long as they have not, only names are looked at under which any of them was seen to
    hold one of the functions. The project's own modules are always looked at as a whole.
    """

    def __init__(self) -> None:
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

    def note_places(self) -> None:
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
        survey = _survey = _Survey()
        for namespace in survey.installed:
            _names_seen.update(_replace_in(namespace, by_identity))
        survey.note_places()
    for namespace in survey.own:
        _replace_in(namespace, by_identity)
    if "sched" in sys.modules:
        _replace_defaults(sys.modules["sched"].scheduler.__init__, by_identity)


def _replace_defaults(function: Any, by_identity: dict[int, Any]) -> None:
    function.__defaults__ = tuple(by_identity.get(id(default), default) for default in function.__defaults__)


def _replace_in(namespace: dict[str, Any], by_identity: dict[int, Any]) -> list[str]:
    """Returns the names that held one."""
    if by_identity.keys().isdisjoint(map(id, namespace.values())):
        return []
    found = [name for name, value in list(namespace.items()) if id(value) in by_identity]
    for name in found:
        namespace[name] = by_identity[id(namespace[name])]
    return found
