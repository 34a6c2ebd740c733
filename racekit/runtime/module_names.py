"""Replacing functions wherever a module holds them: `time.sleep`, and the `sleep` of `from time import sleep`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

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


def _replace(replacements: dict[Any, Any]) -> None:
    by_identity = {id(old): new for old, new in replacements.items()}
    identities = frozenset(by_identity)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in SKIPPED_PACKAGES:
            continue
        namespace = getattr(module, "__dict__", None)
        if type(namespace) is dict and not identities.isdisjoint(map(id, namespace.values())):
            for key, value in list(namespace.items()):
                if id(value) in by_identity:
                    namespace[key] = by_identity[id(value)]
