"""The README keeps its word: its code runs, and what it shows is what comes out."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import racekit
from racekit.options import Options

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)


FIRST_TEST, *SNIPPETS = blocks("python")
[REPORT] = blocks("text")

QUICK_PROFILE = """
from hypothesis import Phase, settings

settings.register_profile("quick", phases=[Phase.generate, Phase.shrink])
settings.load_profile("quick")
"""


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest prints for the README's first test."""
    directory = tmp_path_factory.mktemp("readme")
    name = FIRST_TEST.partition("\n")[0].removeprefix("# ")
    (directory / name).write_text(FIRST_TEST, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", name]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True).stdout


def test_the_first_test_fails_with_the_report_that_is_shown(output: str) -> None:
    assert REPORT in output


def test_the_command_that_replays_the_failure_is_the_one_that_is_shown(output: str) -> None:
    [command] = re.findall(r"^\$ (pytest .*--race-replay=.*)$", README, flags=re.MULTILINE)
    assert command in output.splitlines()


def test_the_tokens_in_the_text_come_from_the_report() -> None:
    assert set(re.findall(r"rk1:[^\s`']+", README)) == set(re.findall(r"rk1:\S+", REPORT))


def test_the_snippets_run_one_after_the_other() -> None:
    namespace: dict[str, Any] = {"racekit": racekit}
    for snippet in SNIPPETS:
        exec(compile(snippet, "README.md", "exec"), namespace)


def test_the_property_fails_as_it_says(tmp_path: Path) -> None:
    [source] = [snippet for snippet in SNIPPETS if "def test_deposits" in snippet]
    (tmp_path / "test_deposits.py").write_text(f"import racekit\n{source}", encoding="utf-8")
    (tmp_path / "conftest.py").write_text(QUICK_PROFILE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_deposits.py"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout
    assert "amounts=[1, 1]," in shown
    assert re.search(r"^E +rk1:1@\d+w\.balance>2$", shown, flags=re.MULTILINE)


def test_the_table_lists_each_option_with_its_default() -> None:
    rows = re.findall(r"^\| (`[^|]*) \| `([^|]*)` \|", README, flags=re.MULTILINE)
    documented = {name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    assert documented == {field.name: repr(field.default).replace("'", '"') for field in fields(Options)}


def test_the_options_of_the_command_line_exist() -> None:
    command = [sys.executable, "-m", "pytest", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True).stdout
    options = set(re.findall(r"`(--race[\w-]*)`", README))
    assert options
    assert all(re.search(rf"^  {option}\b(?!-)", shown, flags=re.MULTILINE) for option in options)
