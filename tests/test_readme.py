"""The README keeps its word: its code runs, and what it shows is what comes out.

`python tests/test_readme.py` puts the reports of today into it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from test_examples import EXAMPLES, shown

import racekit
from racekit.options import Options

FILE = Path(__file__).parent.parent / "README.md"
README = FILE.read_text(encoding="utf-8")
SHOWN_FROM_EXAMPLES = ("test_bank_transfer.py", "test_bounded_pool.py")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)


FIRST_TEST, *SNIPPETS = blocks("python")
REPORT, *OTHER_REPORTS = blocks("text")

QUICK_PROFILE = """
from hypothesis import Phase, settings

settings.register_profile("quick", phases=[Phase.generate, Phase.shrink])
settings.load_profile("quick")
"""


def run_first_test(directory: Path) -> str:
    """What pytest prints for the README's first test."""
    name = FIRST_TEST.partition("\n")[0].removeprefix("# ")
    (directory / name).write_text(FIRST_TEST, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", name]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True).stdout


def reported(output: str) -> str:
    """The report in what pytest prints."""
    begin = re.search(r"^-+ race -+\n", output, flags=re.MULTILINE)
    assert begin is not None
    return output[begin.end() : output.index("\nrace: ", begin.end()) + 1]


def from_examples() -> list[str]:
    return [f"{shown(EXAMPLES / name)}\n" for name in SHOWN_FROM_EXAMPLES]


def write_again() -> None:
    """Put the reports of today into the README."""
    with tempfile.TemporaryDirectory() as directory:
        reports = iter([reported(run_first_test(Path(directory))), *from_examples()])
    text = re.sub(r"(?<=^```text\n).*?(?=^```$)", lambda _: next(reports), README, flags=re.DOTALL | re.MULTILINE)
    FILE.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    return run_first_test(tmp_path_factory.mktemp("readme"))


def test_the_first_test_fails_with_the_report_that_is_shown(output: str) -> None:
    assert reported(output) == REPORT


def test_the_other_reports_are_those_of_the_examples() -> None:
    assert from_examples() == OTHER_REPORTS


def test_the_command_that_replays_the_failure_is_the_one_that_is_shown(output: str) -> None:
    [command] = re.findall(r"^\$ (pytest .*--race-replay=.*)$", README, flags=re.MULTILINE)
    assert f"  replay:  {command}\n" in re.sub(r" \\\n +", " ", output)  # it has two lines there


def test_the_tokens_in_the_text_come_from_the_report() -> None:
    reported = {token for report in (REPORT, *OTHER_REPORTS) for token in re.findall(r"rk1:[^\s']+", report)}
    without_inputs = re.sub(r"DrawnSchedule\('[^']+'\)", "", README)  # of a property, not of a report
    assert set(re.findall(r"rk1:[^\s`']+", without_inputs)) == reported


def test_the_snippets_run_one_after_the_other() -> None:
    namespace: dict[str, Any] = {"racekit": racekit}
    for snippet in SNIPPETS:
        exec(compile(snippet, "README.md", "exec"), namespace)


def test_the_property_fails_as_it_says(tmp_path: Path) -> None:
    [source] = [snippet for snippet in SNIPPETS if "def test_deposits" in snippet]
    (tmp_path / "test_deposits.py").write_text(f"import racekit\n{source}", encoding="utf-8")
    (tmp_path / "conftest.py").write_text(QUICK_PROFILE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--hypothesis-seed=0", "test_deposits.py"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout
    assert "amounts=[1, 1]," in shown
    assert re.search(r"^  replay: .*(?:\n +)?--race-replay='rk1:1@\d+w\.balance>2'$", shown, flags=re.MULTILINE)


def test_the_concurrent_object_fails_as_it_says(tmp_path: Path) -> None:
    [source] = [snippet for snippet in SNIPPETS if "class StockOperations" in snippet]
    imports = "from hypothesis import strategies as st\n"
    (tmp_path / "test_stock.py").write_text(imports + source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--hypothesis-seed=0", "test_stock.py"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout
    [report] = re.findall(r"^```\n(Not linearizable.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
    assert " ".join(report.split()) in " ".join(re.sub(r"^E +", "", shown, flags=re.MULTILINE).split())


def test_the_table_lists_each_option_with_its_default() -> None:
    rows = re.findall(r"^\| (`[^|]*) \| `([^|]*)` \|", README, flags=re.MULTILINE)
    documented = {name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    assert documented == {each.name: repr(getattr(Options(), each.name)).replace("'", '"') for each in fields(Options)}


def test_the_options_of_the_command_line_exist() -> None:
    command = [sys.executable, "-m", "pytest", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True).stdout
    options = set(re.findall(r"`(--race[\w-]*)`", README))
    assert options
    assert all(re.search(rf"^  {option}\b(?!-)", shown, flags=re.MULTILINE) for option in options)


if __name__ == "__main__":
    write_again()
