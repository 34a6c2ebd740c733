"""Columns of a terminal."""

from __future__ import annotations

import pytest

from racekit.report.columns import cut, cut_inside, padded, width, wrapped


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        pytest.param("store", 5, id="ascii"),
        pytest.param("계좌", 4, id="Korean"),
        pytest.param("口座1", 5, id="Japanese and a digit"),
        pytest.param("é", 1, id="precomposed"),
        pytest.param("e\u0301", 1, id="combining"),
        pytest.param("🙂", 2, id="emoji"),
        pytest.param("\uff46", 2, id="full width"),
        pytest.param("a\u200bb", 2, id="zero width"),
    ],
)
def test_a_wide_character_takes_two_columns_and_a_combining_one_none(text: str, columns: int) -> None:
    assert width(text) == columns
    assert width(padded(text, 10)) == 10


def test_what_is_too_long_is_cut_with_dots() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abc..."
    assert cut("계좌이체합니다", 9) == "계좌이..."
    assert width(cut("계좌이체합니다", 8)) <= 8


def test_a_name_is_cut_inside_so_that_its_end_stays() -> None:
    assert cut_inside("worker-1", 8) == "worker-1"
    assert cut_inside("worker-number-12", 11) == "work...r-12"
    assert cut_inside("계좌이체하는-실행자", 11) == "계좌...행자"


def test_lines_are_wrapped_between_words_and_indented() -> None:
    assert list(wrapped("one two three four", 9, indent="  ")) == ["one two", "  three", "  four"]


def test_only_a_word_that_fits_nowhere_is_divided() -> None:
    assert list(wrapped("a verylongword b", 6)) == ["a", "verylo", "ngword", "b"]


def test_an_indentation_stays() -> None:
    assert list(wrapped("  fix:  one two", 12, indent=" " * 8)) == ["  fix:  one", "        two"]
