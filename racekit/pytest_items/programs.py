"""Tests of concurrent objects, to which `--race-replay` gives a token that says which program to run, too."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


def is_concurrent_object(item: pytest.Item) -> bool:
    """Whether this is the test case of a concurrent object."""
    case = sys.modules.get("racekit.properties.case")
    cls = getattr(item, "cls", None)
    return case is not None and isinstance(cls, type) and issubclass(cls, case.ConcurrentTestCase)


@contextmanager
def replaying(item: pytest.Item, token: str | None) -> Iterator[None]:
    """Meanwhile the test case of a concurrent object replays this token, if there is one."""
    if token is None or not is_concurrent_object(item):
        yield
        return
    cls = item.cls  # type: ignore[attr-defined]
    before = cls.replay
    cls.replay = token
    try:
        yield
    finally:
        cls.replay = before
        result = "failed" if vars(item).get("_excinfo") else "passed"  # where unittest has put what was raised
        item.user_properties += [("race_executions", 1), ("race_result", result)]
