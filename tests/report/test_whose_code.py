"""Whose code it is that an exception came through."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from racekit.report.places import raised_at


def test_a_project_may_be_in_a_folder_that_is_called_racekit(tmp_path: Path) -> None:
    file = tmp_path / "racekit" / "store.py"
    file.parent.mkdir()
    file.write_text("value = 0\nassert value == 1\n")
    with pytest.raises(AssertionError) as raised:
        runpy.run_path(str(file))
    place = raised_at(raised.value)
    assert place is not None
    assert (place.filename, place.line, place.text) == (str(file), 2, "assert value == 1")
