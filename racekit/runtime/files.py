"""Files and directories: the file is the location, whatever object or path leads to it.

What a directory lists is a location of its own: who makes, removes or renames an entry writes it, and that entry of it
alone; who lists the directory reads it as a whole. A symbolic link on the way is a file that is read.
"""

from __future__ import annotations

import genericpath
import glob
import io
import os
import pathlib
import posixpath
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from gc import get_referents
from typing import Any

from racekit.dependence import WHOLE
from racekit.runtime.reachable import Touch
from racekit.runtime.turn import TURN
from racekit.watch.swap import copy_of

FILE_READS = frozenset(
    {"read", "read1", "readinto", "readall", "readline", "readlines", "peek", "__next__", "__iter__"}
)
"""Methods that change nothing that others can see; they do move the position in the file."""


class File:
    """Stands for the file at `path`."""

    __slots__ = ("__weakref__", "path")

    def __init__(self, path: str) -> None:
        self.path = path

    def __str__(self) -> str:
        return f"file {os.path.basename(self.path)}"


class Listing(File):
    """Stands for what the directory at `path` lists."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"directory {os.path.basename(self.path)}"


_own: Any = posixpath
_realpath: Callable[[str], str] = copy_of(_own.realpath)  # which announces nothing
_is_link: Callable[[str], bool] = copy_of(_own.islink)
_absolute: Callable[[str], str] = copy_of(_own.abspath)
_file_at = cache(File)
WORKING_DIRECTORY = File("/the working directory")
_listing_of = cache(Listing)


def _path(obj: Any) -> str | None:
    name = obj if issubclass(type(obj), str | bytes | os.PathLike) else getattr(obj, "name", None)
    if isinstance(name, str | bytes | os.PathLike):
        path = os.fsdecode(name)
        return None if path.startswith("<") else path
    return None


def file_of(obj: Any) -> Any:
    """The file that a path or a descriptor leads to, or a file object has open.

    For a file in memory that object itself, and None for what is no file, or for a standard stream, whose order of
    lines is nobody's state.
    """
    path = _path(obj)
    if path is not None:
        return _file_at(_realpath(path))
    if issubclass(type(obj), io.StringIO | io.BytesIO):
        return obj
    if _is_standard_stream(obj):
        return None
    descriptor = obj if type(obj) is int else getattr(obj, "name", None)
    if type(descriptor) is int:
        return _behind(descriptor) if descriptor > _LAST_STANDARD_STREAM else None
    parts = get_referents(obj) if issubclass(type(obj), io.IOBase) else ()
    below = (file_of(part) for part in parts if issubclass(type(part), io.IOBase))
    return next((file for file in below if file is not None), None)


def _is_standard_stream(obj: Any) -> bool:
    if obj is sys.stdout or obj is sys.stderr:
        return True
    name = getattr(obj, "name", None)
    return isinstance(name, str) and name.startswith("<")  # also one that pytest has put there


_LAST_STANDARD_STREAM = 2


def _behind(descriptor: int) -> File:
    """The file that is open there; where the system does not tell, the descriptor itself stands for it."""
    try:
        return _file_at(os.readlink(f"/proc/self/fd/{descriptor}"))
    except OSError:
        return _file_at(f"descriptor {descriptor}")


def descriptor_touches(operation: str, descriptor: object) -> Iterator[Touch]:
    """What a function does that takes a descriptor: a file has its content, and each descriptor its position in it."""
    file = file_of(descriptor) if type(descriptor) is int else None
    if file is not None:
        yield Touch(file, WHOLE, "write" if operation == "write" else "read")
        if operation != "look":
            yield Touch(_file_at(f"descriptor {descriptor}"), WHOLE, "write")


DESCRIPTOR_FUNCTIONS: dict[int, str] = {
    **dict.fromkeys(map(id, (os.write, os.ftruncate, os.fsync, os.close)), "write"),
    **dict.fromkeys(map(id, (os.read, os.lseek)), "read"),
    **dict.fromkeys(map(id, (os.fstat, os.isatty)), "look"),
    **dict.fromkeys((id(getattr(os, name)) for name in ("pwrite", "writev", "pwritev") if hasattr(os, name)), "write"),
    **dict.fromkeys((id(getattr(os, name)) for name in ("pread", "preadv") if hasattr(os, name)), "look"),
}
"""Functions written in C: by id, whether they write to the descriptor that is their first argument, or move in it."""


# --- what is done with a path -----------------------------------------------------------------------------------------

_Touches = Iterator[Touch]


def _read(path: str) -> _Touches:
    yield Touch(_file_at(_realpath(path)), WHOLE, "read")
    yield from _links(path)


def _write(path: str) -> _Touches:
    yield Touch(_file_at(_realpath(path)), WHOLE, "write")
    yield from _links(path)


def _links(path: str) -> _Touches:
    """The symbolic links on the way to a file."""
    path = _absolute(path)
    if _realpath(path) == path:
        return
    while path != os.path.dirname(path):
        if _is_link(path):
            yield Touch(_file_at(_entry(path)), WHOLE, "read")
        path = os.path.dirname(path)


def _entry(path: str) -> str:
    """The path of the entry itself, which may be a symbolic link."""
    parent, name = os.path.split(_absolute(path))
    return os.path.join(_realpath(parent), name)


def _change(path: str) -> _Touches:
    """To make, replace or remove it."""
    entry = _entry(path)
    yield Touch(_file_at(entry), WHOLE, "write")
    yield Touch(_listing_of(os.path.dirname(entry)), entry, "write", named=True)
    yield from _links(os.path.dirname(path))


def _create(path: str) -> _Touches:
    """To open it for writing, which makes it if it is not there."""
    yield from _write(path)
    if not _is_link(path):
        entry = _entry(path)
        yield Touch(_listing_of(os.path.dirname(entry)), entry, "write", named=True)


def _list(path: str) -> _Touches:
    yield from _read(path)
    yield Touch(_listing_of(_realpath(path)), WHOLE, "read", named=True)


def _remove_directory(path: str) -> _Touches:
    """Which only works if it is empty."""
    yield from _change(path)
    yield Touch(_listing_of(_realpath(path)), WHOLE, "read", named=True)


def _make_directories(path: str) -> _Touches:
    yield from _change(path)
    parent = os.path.dirname(_absolute(path))
    while not os.access(parent, os.F_OK):
        yield from _change(parent)
        parent = os.path.dirname(parent)


_TO_THE_BOTTOM = 100


def _below(path: str, depth: int = _TO_THE_BOTTOM) -> Iterator[tuple[str, bool]]:
    """Everything in the tree at `path`, and whether it is a directory; found without functions that are announced."""
    if not depth:
        return
    try:
        entries = sorted(os.scandir(_realpath(path)), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        is_directory = entry.is_dir(follow_symlinks=False)
        yield entry.path, is_directory
        if is_directory:
            yield from _below(entry.path, depth - 1)


def _list_tree(path: str, depth: int = _TO_THE_BOTTOM) -> _Touches:
    yield from _list(path)
    for found, is_directory in _below(path, depth):
        if is_directory:
            yield Touch(_listing_of(found), WHOLE, "read", named=True)


def _read_tree(path: str) -> _Touches:
    yield from _list(path)
    for found, is_directory in _below(path):
        yield from (_list if is_directory else _read)(found)


def _change_tree(path: str) -> _Touches:
    """To make, remove or rename it with everything in it."""
    yield from _change(path)
    yield Touch(_listing_of(_realpath(path)), WHOLE, "write", named=True)
    for found, is_directory in _below(path):
        yield Touch(_file_at(found), WHOLE, "write")
        if is_directory:
            yield Touch(_listing_of(found), WHOLE, "write", named=True)


def _match(pattern: str) -> _Touches:
    """What lists the directories that a pattern may lead through."""
    directory = pattern
    while glob.has_magic(directory):
        directory = os.path.dirname(directory)
    yield from _list_tree(directory or ".", _depth(pattern))


def _depth(pattern: str) -> int:
    """How deep below a directory something may lie that matches."""
    return _TO_THE_BOTTOM if "**" in pattern else pattern.count(os.sep)


def _put_temporary(path: str) -> _Touches:
    """Something of a name that nobody else takes."""
    yield Touch(_listing_of(_realpath(path)), f"/temporary {TURN.thread.id}", "write", named=True)


def _enter(path: str) -> _Touches:
    """To make it the working directory."""
    yield Touch(WORKING_DIRECTORY, WHOLE, "write")
    yield from _read(path)


def _nothing(text: str) -> _Touches:
    """It is no path."""
    yield from ()


# --- functions --------------------------------------------------------------------------------------------------------

Operations = tuple[Callable[..., _Touches], ...]


def _open(path: str, mode: object = "r", *_: object) -> _Touches:
    if not isinstance(mode, str) or set(mode) & set("wax"):
        return _create(path)
    return _write(path) if "+" in mode else _read(path)


def _glob(path: str, pattern: object = "**", *_: object) -> _Touches:
    return _list_tree(path, _depth(os.fspath(pattern)) if isinstance(pattern, str | os.PathLike) else _TO_THE_BOTTOM)


_TAKING_MORE = frozenset({_open, _glob})
"""Operations that depend on the arguments after the path."""


PATH_FUNCTIONS: dict[int, Operations] = {
    **dict.fromkeys(map(id, (os.stat, os.lstat, os.access, os.readlink)), (_read,)),
    **dict.fromkeys(map(id, (os.listdir, os.scandir)), (_list,)),
    **dict.fromkeys(map(id, (os.truncate, os.utime, os.chmod)), (_write,)),
    **dict.fromkeys(map(id, (os.remove, os.unlink, os.mkdir)), (_change,)),
    **dict.fromkeys(map(id, (os.replace, os.rename)), (_change_tree, _change_tree)),
    id(os.rmdir): (_remove_directory,),
    id(os.open): (_create,),
    id(os.link): (_read, _change),
    id(os.symlink): (_read, _change),
    id(os.chdir): (_enter,),
}
"""Functions written in C: by id, what they do with each of the paths that are their first arguments."""

OPENS: Operations = (_open,)
"""What `open` does with its first argument."""

PYTHON_FUNCTIONS: dict[Any, dict[str, Operations]] = {
    genericpath: {
        **dict.fromkeys(("exists", "isfile", "isdir", "getsize", "getmtime", "lexists"), (_read,)),
        "samefile": (_read, _read),
    },
    posixpath: {"abspath": (_nothing,), **dict.fromkeys(("lexists", "islink", "ismount", "realpath"), (_read,))},
    os: {"makedirs": (_make_directories,), "removedirs": (_remove_directory,)},
    shutil: {
        "copyfile": (_read, _create),
        "copyfileobj": (_write, _write),
        **dict.fromkeys(("copymode", "copystat"), (_read, _write)),
        "copytree": (_read_tree, _change_tree),
        "move": (_change_tree, _change_tree),
        "rmtree": (_change_tree,),
    },
    tempfile: {"_mkstemp_inner": (_put_temporary,), "mkdtemp": (_nothing, _nothing, _put_temporary)},
    pathlib.Path: {
        **dict.fromkeys(("read_text", "read_bytes", "exists", "is_file", "is_dir", "stat", "lstat"), (_read,)),
        **dict.fromkeys(("is_symlink", "is_mount", "owner", "group", "readlink", "resolve"), (_read,)),
        **dict.fromkeys(("write_text", "write_bytes", "touch"), (_create,)),
        **dict.fromkeys(("chmod", "lchmod"), (_write,)),
        "samefile": (_read, _read),
        **dict.fromkeys(("symlink_to", "hardlink_to"), (_change, _read)),
        **dict.fromkeys(("rename", "replace"), (_change_tree, _change_tree)),
        **dict.fromkeys(("rglob", "walk"), (_list_tree,)),
        "glob": (_glob,),
        "iterdir": (_list,),
        "unlink": (_change,),
        "mkdir": (_make_directories,),
        "rmdir": (_remove_directory,),
        "open": (_open,),
    },
}
"""The same for functions and methods of the standard library: each is one step, like a call into C."""


def path_touches(operations: Operations, arguments: tuple[Any, ...]) -> _Touches:
    """What such a function touches now, with these paths among its arguments."""
    for operation, argument in zip(operations, arguments, strict=False):
        path = _path(argument)
        if path is None and operation is _put_temporary:
            path = tempfile.gettempdir()
        elif type(argument) is int and argument > _LAST_STANDARD_STREAM:
            path = _behind(argument).path
        if path is not None:
            if not os.path.isabs(path):
                yield Touch(WORKING_DIRECTORY, WHOLE, "read")
            yield from operation(path, *arguments[1:]) if operation in _TAKING_MORE else operation(path)
        elif issubclass(type(argument), io.StringIO | io.BytesIO):
            yield Touch(argument, WHOLE, "write")
