"""Refuse what is not CPython before anything else is imported: racekit lives on CPython's bytecode and internals."""

from __future__ import annotations

import sys

from racekit.errors import UnsupportedInterpreter

if sys.implementation.name != "cpython":
    raise UnsupportedInterpreter(
        f"racekit rewrites the bytecode of CPython, and this is {sys.implementation.name} {sys.version.split()[0]}, "
        "whose threads it could neither watch nor control: run these tests on CPython 3.11 or newer."
    )
