"""Every example runs, and begins with what it prints. `python tests/test_examples.py` writes that into them again."""

from __future__ import annotations

import importlib.util
import linecache
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

import racekit

EXAMPLES = Path(__file__).parent.parent / "examples"
FILES = sorted(EXAMPLES.glob("test_*.py"))
BLOCK = re.compile(r"(?<=says:\n\n)    .*?(?=\n\"\"\")", re.DOTALL)


def load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def printed(file: Path) -> str:
    """What a user sees who expects the broken version to be right."""
    os.chdir(EXAMPLES)
    module = load(file)
    if not hasattr(module, "broken"):
        return hanging(file)
    try:
        if "`broken()` says:" in str(module.__doc__):
            module.broken()
        racekit.assert_race_free(module.broken)
    except Exception as error:
        type_name = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        message = "\n".join([f"{type_name}{error}", *getattr(error, "__notes__", [])])
    message = re.sub(r"(?<=;\d\+\d\+\d;)[\w+/=]+", "...", message)  # an example, as this version of Hypothesis has it
    return re.sub(r"\([\d.]+ s, [\d,]+/s\)", "(0.01 s, 5,000/s)", message)


def hanging(file: Path) -> str:
    """What pytest says of an example that hangs."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-o", "python_functions=hangs_*", file.name]
    output = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    report = output[output.index("Timeout (") : output.index("\nrace: ")]
    return report.replace(f"{EXAMPLES}{os.sep}", "")


def shown(file: Path) -> str:
    block = BLOCK.search(file.read_text(encoding="utf-8"))
    assert block is not None
    return textwrap.dedent(block[0])


def write_again(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for _ in range(2):  # the second time with the line numbers that the first has brought
        text = BLOCK.sub(lambda _: textwrap.indent(printed(file), "    "), text)
        file.write_text(text, encoding="utf-8")
        linecache.clearcache()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_begins_with_what_it_prints(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    assert printed(file) == shown(file)


if __name__ == "__main__":
    for file in FILES:
        write_again(file)
