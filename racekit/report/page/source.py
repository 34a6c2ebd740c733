"""The source beside a timeline: the functions that ran, with their lines marked and their syntax coloured."""

from __future__ import annotations

import ast
import io
import keyword
import linecache
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup, escape

from racekit.report.places import short

_WHOLE_FUNCTION = 40
_AROUND = 5
_STRINGS = {tokenize.STRING} | {
    getattr(tokenize, f"FSTRING_{part}") for part in ("START", "MIDDLE", "END") if hasattr(tokenize, f"FSTRING_{part}")
}


class Line(NamedTuple):
    """A line of an excerpt. `lanes` are those of the threads that ran it; it `fails` if a thread ended there."""

    number: int
    markup: Markup
    lanes: tuple[int, ...]
    races: bool
    fails: bool
    below_gap: bool


class Excerpt(NamedTuple):
    """The lines of one file that belong to a failure; `number` is that of the file on its page."""

    number: int
    filename: str
    name: str
    lines: tuple[Line, ...]


@dataclass(slots=True)
class Marks:
    """What is known of the lines of one file: the lanes that ran each, which take part in the race, and which fail."""

    lanes: dict[int, set[int]] = field(default_factory=dict)
    racing: set[int] = field(default_factory=set)
    failing: set[int] = field(default_factory=set)


def excerpts(files: Mapping[str, Marks], root: str) -> list[Excerpt]:
    """The functions around the marked lines of each file; files with racing lines come first."""
    order = sorted(files, key=lambda filename: not files[filename].racing)
    found = []
    for number, filename in enumerate(order):
        text = linecache.getlines(filename)
        if text:
            found.append(Excerpt(number, filename, short(filename, root), tuple(_lines(text, files[filename]))))
    return found


def _lines(text: list[str], marks: Marks) -> Iterator[Line]:
    coloured = colour("".join(text))
    shown = sorted(_worth_showing(text, {*marks.lanes, *marks.racing, *marks.failing}))
    for previous, number in pairwise([shown[0] - 1 if shown else 0, *shown]):
        yield Line(
            number,
            markup=coloured[number - 1],
            lanes=tuple(sorted(marks.lanes.get(number, ()))),
            races=number in marks.racing,
            fails=number in marks.failing,
            below_gap=previous != number - 1,
        )


def _worth_showing(text: list[str], lines: Iterable[int]) -> set[int]:
    functions = _functions("".join(text))
    shown: set[int] = set()
    for line in lines:
        around = [function for function in functions if line in function]
        innermost = min(around, key=len, default=range(0))
        if 0 < len(innermost) <= _WHOLE_FUNCTION:
            shown.update(innermost)
        else:
            shown.update(range(line - _AROUND, line + _AROUND + 1))
    return {line for line in shown if 1 <= line <= len(text)}


def _functions(text: str) -> list[range]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    return [
        range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def colour(text: str) -> list[Markup]:
    """The lines of a Python source, without their ends, with `<span class=...>` around what has a colour."""
    lines = text.removesuffix("\n").split("\n")
    pieces: list[list[str | Markup]] = [[] for _ in lines]
    done = [0] * len(lines)
    for style, row, start, end in _coloured_spans(text, lines):
        pieces[row] += [lines[row][done[row] : start], _span(style, lines[row][max(start, done[row]) : end])]
        done[row] = max(end, done[row])
    return [
        Markup("").join([*map(escape, parts), escape(line[at:])])
        for line, parts, at in zip(lines, pieces, done, strict=True)
    ]


def _span(style: str, text: str) -> Markup:
    return Markup('<span class="{}">{}</span>').format(style, text)


def _coloured_spans(text: str, lines: list[str]) -> Iterator[tuple[str, int, int, int]]:
    """(class, row, start, end), in order, rows and columns from 0; nothing from where it does not read as Python."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            style = _style(token)
            if not style:
                continue
            (first, start), (last, end) = token.start, token.end
            for row in range(first - 1, last):
                yield (
                    style,
                    row,
                    start if row == first - 1 else 0,
                    end if row == last - 1 else len(lines[row]),
                )
    except (tokenize.TokenError, SyntaxError):
        return


def _style(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.NAME and keyword.iskeyword(token.string):
        return "keyword"
    if token.type in _STRINGS:
        return "string"
    return {tokenize.COMMENT: "comment", tokenize.NUMBER: "number"}.get(token.type, "")
