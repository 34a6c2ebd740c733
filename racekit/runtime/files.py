"""Files: the file is the location, whatever object or path leads to it."""

from __future__ import annotations

import genericpath
import io
import os
import pathlib
import posixpath
import shutil
from collections.abc import Iterator
from functools import cache
from typing import Any

FILE_READS = frozenset(
    {"read", "read1", "readinto", "readall", "readline", "readlines", "peek", "__next__", "__iter__"}
)
"""Methods that change nothing that others can see; they do move the position in the file."""


class File:
    """Stands for the file at `path`."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def __str__(self) -> str:
        return f"file {os.path.basename(self.path)}"


_file_at = cache(File)


def file_of(obj: Any) -> object | None:
    """The file that a path leads to, or a file object has open.

    For a file in memory that object itself, and None for what is no file, or for a standard stream, whose order of
    lines is nobody's state.
    """
    name = obj if isinstance(obj, str | bytes | os.PathLike) else getattr(obj, "name", None)
    if isinstance(name, str | bytes | os.PathLike):
        path = os.fsdecode(name)
        return None if path.startswith("<") else _file_at(os.path.realpath(path))
    return obj if isinstance(obj, io.StringIO | io.BytesIO) else None


_READ, _WRITE = ("read",), ("write",)
_Operations = tuple[str, ...]

PATH_FUNCTIONS: dict[int, _Operations] = {
    **dict.fromkeys(map(id, (os.stat, os.lstat, os.listdir, os.scandir, os.access, os.readlink)), _READ),
    **dict.fromkeys(map(id, (os.remove, os.unlink, os.mkdir, os.rmdir, os.truncate, os.utime, os.open)), _WRITE),
    **dict.fromkeys(map(id, (os.replace, os.rename)), ("write", "write")),
    **dict.fromkeys(map(id, (os.link, os.symlink)), ("read", "write")),
    id(open): ("open",),
}
"""Functions written in C: by id, what they do with each of the paths that are their first arguments."""

PYTHON_FUNCTIONS: dict[Any, dict[str, _Operations]] = {
    genericpath: dict.fromkeys(("exists", "isfile", "isdir", "getsize", "getmtime", "lexists"), _READ),
    posixpath: {"lexists": _READ},
    os: {"makedirs": _WRITE, "removedirs": _WRITE},
    shutil: {
        "copyfile": ("read", "write"),
        "copytree": ("read", "write"),
        "move": ("write", "write"),
        "rmtree": ("write",),
    },
    pathlib.Path: {
        **dict.fromkeys(("read_text", "read_bytes", "exists", "is_file", "is_dir", "stat", "lstat", "iterdir"), _READ),
        **dict.fromkeys(("write_text", "write_bytes", "unlink", "touch", "mkdir", "rmdir"), _WRITE),
        **dict.fromkeys(("rename", "replace"), ("write", "write")),
        "open": ("open",),
    },
}
"""The same for functions and methods of the standard library: each is one step, like a call into C."""


def path_accesses(operations: _Operations, arguments: tuple[Any, ...]) -> Iterator[tuple[object, str]]:
    """The files that such a function touches, and whether it reads or writes each."""
    for operation, argument in zip(operations, arguments, strict=False):
        location = file_of(argument)
        if location is not None:
            yield location, _opens_for(arguments) if operation == "open" else operation


def _opens_for(arguments: tuple[Any, ...]) -> str:
    mode = arguments[1] if len(arguments) > 1 else "r"
    return "read" if isinstance(mode, str) and not set(mode) & set("wax+") else "write"
