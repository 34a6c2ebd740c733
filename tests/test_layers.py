"""Imports go down the list of layers; pytest and Hypothesis each have one door."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import racekit.errors

ROOT = Path(racekit.errors.__file__).parent

# From the top down; a name stands for its module or its whole package. Modules of one layer may import each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("__init__", "__main__"),
    ("pytest_plugin", "pytest_items", "scenario_fixtures"),
    ("cli",),
    ("demo", "show"),
    ("kept_schedules",),
    ("race",),
    ("properties",),
    ("assertions", "script", "serializable"),
    ("programs",),
    ("linearize",),
    ("explore",),
    ("explorer",),
    ("verdicts",),
    ("gil",),
    ("audit", "distinct", "minimize", "progress", "reproduce"),
    ("pages", "results"),
    ("inject", "side_by_side"),
    ("strategies",),
    ("report",),
    ("diagnose",),
    ("runtime",),
    ("watch",),
    ("event_order", "happens_before", "queue_items"),
    ("dependence",),
    ("effort", "failure", "options"),
    ("trace", "schedule", "user_values"),
    ("interpreter",),
    ("errors",),
    ("scenarios",),
)
RANKS = {name: rank for rank, names in enumerate(LAYERS) for name in names}
PLUGIN = {"pytest_plugin", "pytest_items", "scenario_fixtures"}

FILES = sorted(ROOT.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The dotted names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module="racekit", names=names, level=0):
                yield from (f"racekit.{alias.name}" if alias.name in RANKS else "racekit" for alias in names)
            case ast.ImportFrom(module=module, level=level):
                assert level == 0, f"{path}:{node.lineno} imports relatively: write the full name"
                yield module or ""


def own(path: Path) -> str:
    """What the list of layers calls the module in this file."""
    return path.relative_to(ROOT).with_suffix("").parts[0]


def of_racekit(path: Path) -> set[str]:
    """What the list of layers calls the racekit modules that a file imports."""
    modules = [name.split(".") for name in imported(path)]
    return {parts[1] if len(parts) > 1 else "__init__" for parts in modules if parts[0] == "racekit"}


def of_others(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)} - {"racekit"}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_module_imports_only_what_is_below_it(path: Path) -> None:
    assert own(path) in RANKS, f"{named(path)} has no place in the list of layers"
    above = {name for name in of_racekit(path) - {own(path)} if RANKS.get(name, -1) < RANKS[own(path)]}
    assert not above, f"{named(path)} imports {sorted(above)}, which are above it"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_only_the_plugin_imports_pytest(path: Path) -> None:
    of_pytest = {name for name in of_others(path) if name in {"pytest", "_pytest", "pluggy", "pytest_timeout"}}
    assert not of_pytest or own(path) in PLUGIN


@pytest.mark.parametrize("path", FILES, ids=named)
def test_nothing_but_pytest_reaches_the_plugin(path: Path) -> None:
    assert own(path) in PLUGIN or not of_racekit(path) & PLUGIN


@pytest.mark.parametrize("path", FILES, ids=named)
def test_only_the_properties_import_hypothesis(path: Path) -> None:
    assert "hypothesis" not in of_others(path) or own(path) == "properties"


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").glob("*.py")), ids=named)
def test_a_scenario_has_no_racekit_inside(path: Path) -> None:
    assert of_racekit(path) <= {"scenarios"}
