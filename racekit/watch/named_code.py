"""The code that dotted names stand for, as users write them in `include=` and `exclude=`."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from types import BuiltinFunctionType, MethodDescriptorType, ModuleType, WrapperDescriptorType
from typing import Any

from racekit.errors import BadArgument


def defined_name(option: str, name: str) -> str:
    """The name under which the code is defined that `name` stands for, which may import it from elsewhere.

    Raises BadArgument if there is no such code, or none that could be watched. What is not imported yet is believed.
    """
    module, rest = _imported(name)
    if module is None:
        if not _can_be_imported(name.partition(".")[0]):
            raise BadArgument(
                f"{option} names {name!r}, but there is no module {name.partition('.')[0]!r}, so nothing would change: "
                "write a dotted name as in an import, such as 'package.module.Class'."
            )
        return name
    found: Any = module
    for part in rest:
        if part == "<locals>":
            return name
        if not hasattr(found, part):
            if hasattr(found, "__path__") and _can_be_imported(f"{found.__name__}.{part}"):
                return name
            owner = getattr(found, "__name__", found)
            raise BadArgument(
                f"{option} names {name!r}, but {owner} has no {part!r}, so nothing would change: name a module, "
                "class or function that there is."
            )
        found = getattr(found, part)
    if option == "include" and _is_in_c(found):
        raise BadArgument(
            f"{option} names {name!r}, which is written in C, so there is no code to watch: each call of it is one "
            "step as it is; name the Python code that calls it."
        )
    defined = getattr(found, "__module__", None), getattr(found, "__qualname__", None)
    return ".".join(map(str, defined)) if None not in defined else name


def _imported(name: str) -> tuple[ModuleType | None, list[str]]:
    """The longest part of the name that is a module of the process, and the rest of it."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = sys.modules.get(".".join(parts[:length]))
        if module is not None:
            return module, parts[length:]
    return None, parts


def _can_be_imported(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _is_in_c(found: Any) -> bool:
    if isinstance(found, ModuleType):
        return found.__name__ in sys.builtin_module_names or str(getattr(found, "__file__", "")).endswith(
            tuple(EXTENSION_SUFFIXES)
        )
    if isinstance(found, BuiltinFunctionType | MethodDescriptorType | WrapperDescriptorType):
        return True
    return isinstance(found, type) and _is_in_c(sys.modules.get(found.__module__))
