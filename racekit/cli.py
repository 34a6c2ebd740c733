"""The command `racekit`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from racekit import demo


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says and return the exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.command is None:
        parser.print_help()
        return 0
    try:
        for line in demo.tell(chosen.examples):
            print(line, flush=True)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="racekit",
        description="Finds race conditions in threaded Python, replays them, and proves them gone.",
        epilog="Tests are run by pytest: racekit is one of its plugins. See 'pytest --help', section racekit.",
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
    return parser


def _example(name: str) -> str:
    if name not in demo.EXAMPLES:
        raise argparse.ArgumentTypeError(f"there is no example {name!r}: use one of {', '.join(demo.EXAMPLES)}")
    return name
