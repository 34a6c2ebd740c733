"""The command `racekit`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tokenize
from collections.abc import Sequence
from importlib.metadata import version

from racekit import demo, show
from racekit.errors import BadArgument
from racekit.progress import shown_on_terminal
from racekit.report.colour import coloured, has_colours
from racekit.report.schedule_words import explained
from racekit.schedule import Schedule

EXAMPLES = """\
first steps:
  racekit demo                      what can happen in small threaded programs
  racekit demo store deadlock       two of them
  pytest --race                     explore each test that starts a thread; or
                                    put @racekit.race above those that you mean

when a test has failed, with the token that its report shows:
  racekit explain 'rk1:1@11w.value>2' test_counter.py
                                    what the token says
  racekit replay test_counter.py::test_it 'rk1:1@11w.value>2'
                                    run that one execution of the test again
  racekit show --open               see the tests that failed last as pages, to
                                    be walked through step by step

A token stands for a schedule: it says at which lines a thread has to make way
for another one. It has a > in it, which a shell takes for itself unless it is
in quotes. Exploring is done by pytest, of which racekit is a plugin: see its
options in 'pytest --help', under the heading of race conditions.
"""
EXPLAINED = """\
In 'rk1:1@11w.value>2' thread 1, when it is about to write (w) value on line 11,
has to make way for thread 2. Instead of w there can be r (reads), s (locks,
joins and other synchronization) and c (calls a method of a container);
11w.value*3 is its third time there. Commas separate switches. Where there is
none, each thread runs for as long as it can, and then the next one.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says and return the exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.command is None:
        parser.print_help()
        return 0
    commands = {"demo": _demo, "replay": _replay, "explain": _explain, "show": _show}
    try:
        with shown_on_terminal(sys.stderr):
            return commands[chosen.command](chosen)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _demo(chosen: argparse.Namespace) -> int:
    in_colour = has_colours(sys.stdout)
    for text in demo.tell(chosen.examples):
        print(coloured(text) if in_colour and isinstance(text, demo.Report) else text, flush=True)
    return 0


def _replay(chosen: argparse.Namespace) -> int:
    command = [sys.executable, "-m", "pytest", chosen.test, f"--race-replay={chosen.token}", *chosen.arguments]
    try:
        return subprocess.run(command).returncode
    except KeyboardInterrupt:  # which pytest has had, too
        return 2


def _show(chosen: argparse.Namespace) -> int:
    try:
        return show.show(chosen.test, chosen.token, chosen.into, in_browser=chosen.open)
    except KeyboardInterrupt:
        return 2
    except BadArgument as error:
        print(f"racekit show: {error}", file=sys.stderr)
        return 2


def _explain(chosen: argparse.Namespace) -> int:
    for line in explained(chosen.token, {name: file.splitlines() for name, file in chosen.files}):
        print(line)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="racekit",
        description="Finds race conditions in threaded Python, replays them, and proves them gone.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"racekit {version('racekit')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    command = commands.add_parser(
        "demo",
        help="run the examples that racekit was first written for, and print what can happen in each",
        description="Runs small threaded programs under one schedule after another and prints what can happen.",
        epilog=f"The examples: {', '.join(demo.EXAMPLES)}.",
    )
    command.add_argument(
        "examples", nargs="*", metavar="EXAMPLE", type=_example, help="only these examples (default: all of them)"
    )
    command = commands.add_parser(
        "replay",
        help="run one test under the schedule of a token",
        description="Runs a test once, by pytest, under the schedule that the token of a failure stands for.",
        epilog="It is short for: pytest TEST --race-replay=TOKEN",
    )
    command.add_argument("test", metavar="TEST", help="the test, as pytest names it: test_counter.py::test_it")
    command.add_argument("token", metavar="TOKEN", type=_token, help="the token, in quotes: 'rk1:1@11w.value>2'")
    command.add_argument(
        "arguments", metavar="...", nargs=argparse.REMAINDER, help="further arguments for pytest, such as -v or --pdb"
    )
    command = commands.add_parser(
        "explain",
        help="say in words what a token means",
        description="Says in words which thread has to make way for which, and where.",
        epilog=EXPLAINED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("token", metavar="TOKEN", type=_schedule, help="the token, in quotes: 'rk1:1@11w.value>2'")
    command.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        type=_file,
        help="a file with the code, or a test as pytest names it: its lines are shown",
    )
    command = commands.add_parser(
        "show",
        help="write pages that show failures step by step",
        description="Runs tests by pytest and writes a page for each failure, with an index. Without a TEST, these are "
        "the tests that failed last, as .racekit/ has kept them.",
        epilog="It is short for: pytest TEST --race-report=DIRECTORY",
    )
    command.add_argument("test", nargs="?", metavar="TEST", help="a test as pytest names it: test_counter.py::test_it")
    command.add_argument(
        "token", nargs="?", metavar="TOKEN", type=_schedule, help="only this schedule, in quotes: 'rk1:1@11w.value>2'"
    )
    command.add_argument("--into", metavar="DIRECTORY", help="write the pages there (default: .racekit/pages)")
    command.add_argument("--open", action="store_true", help="and open the index in a web browser")
    return parser


def _token(text: str) -> str:
    """A token as it is written, which may say which program of a concurrent object to run, too."""
    _schedule(text)
    return text


def _schedule(token: str) -> Schedule:
    try:
        return Schedule.parse(token.partition(";")[0])
    except BadArgument as error:
        quotes = "" if ">" in token else " In a shell it has to be in quotes."
        raise argparse.ArgumentTypeError(f"{error}{quotes}") from None


def _file(name: str) -> tuple[str, str]:
    """The name of the file and what is in it; of a test, that of its file."""
    name = name.partition("::")[0]
    try:
        with tokenize.open(name) as file:
            return name, file.read()
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{name} cannot be read: {error}") from None


def _example(name: str) -> str:
    if name not in demo.EXAMPLES:
        raise argparse.ArgumentTypeError(f"there is no example {name!r}: use one of {', '.join(demo.EXAMPLES)}")
    return name
