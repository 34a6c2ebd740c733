"""Text in columns of a terminal, in which some characters are two columns wide and some none."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

WIDTH = 80
"""Columns of the terminal that reports are written for."""


def width(text: str) -> int:
    """How many columns the text takes: East Asian wide characters (UAX #11) take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, columns: int) -> str:
    """The text, followed by spaces up to so many columns."""
    return text + " " * (columns - width(text))


def cut(text: str, columns: int) -> str:
    """The text if it fits into so many columns, else its beginning and dots."""
    if width(text) <= columns:
        return text
    kept = ""
    for character in text:
        if width(kept + character) > columns - 3:
            break
        kept += character
    return kept.rstrip() + "..."


def cut_inside(name: str, columns: int) -> str:
    """The name if it fits into so many columns, else its beginning, dots and its end: names often differ at the end."""
    if width(name) <= columns:
        return name
    end = ""
    for character in reversed(name):
        if width(character + end) > (columns - 3) // 2:
            break
        end = character + end
    return cut(name, columns - width(end)) + end


def wrapped(text: str, columns: int = WIDTH, indent: str = "") -> Iterator[str]:
    """The text in lines of at most so many columns, the later ones indented; only what is longer is divided."""
    content = text.lstrip(" ")
    line, empty = text[: len(text) - len(content)], True
    for word in _words(content, columns - width(indent)):
        if not empty and width(f"{line} {word}") > columns:
            yield line
            line, empty = indent, True
        line += word if empty else f" {word}"
        empty = False
    yield line


def _words(text: str, columns: int) -> Iterator[str]:
    for word in text.split(" "):
        part = ""
        for character in word:
            if width(part + character) > columns:
                yield part
                part = ""
            part += character
        yield part
