"""Values and errors of the code under test whose own methods fail, or say something else each time."""

from __future__ import annotations

import pytest
from threads import run

import racekit
from racekit.pages import page_of
from racekit.user_values import equal, error_in_words, is_known_as, message_of, text_of


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    __hash__ = None  # type: ignore[assignment]


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no str")


class Plain:
    __hash__ = None  # type: ignore[assignment]


def test_a_value_whose_text_fails_is_told_by_its_type() -> None:
    assert text_of(Mute()) == "<Mute>"


def test_the_text_of_a_value_is_the_same_each_time() -> None:
    assert text_of([Plain(), Plain()]) == f"[<{__name__}.Plain object>, <{__name__}.Plain object>]"


def test_an_error_whose_text_fails_says_so() -> None:
    assert message_of(MuteError()) == "<its __str__ raises RuntimeError>"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError(), "ValueError"),
        (ValueError("one\ntwo"), "ValueError: one"),
        (MuteError(), "MuteError: <its __str__ raises RuntimeError>"),
    ],
)
def test_an_error_in_words_is_its_type_and_what_it_says_first(error: Exception, words: str) -> None:
    assert error_in_words(error) == words


def test_values_that_cannot_be_compared_are_equal_if_their_texts_are() -> None:
    assert equal(Mute(), Mute())
    assert not equal(Mute(), 1)
    assert equal(float("nan"), float("nan"))


def test_a_value_is_known_by_itself_or_by_its_text() -> None:
    assert is_known_as(1, 1.0)
    assert is_known_as([1], "[1]")
    assert not is_known_as([1], "[2]")


def test_an_exception_whose_text_fails_has_a_report() -> None:
    def fail() -> None:
        raise MuteError

    failure = racekit.explore(lambda: run(fail)).failure
    assert failure is not None
    assert str(failure).startswith("MuteError in ")
    assert "<its __str__ raises RuntimeError>" in str(failure)


def test_a_forbidden_outcome_whose_methods_fail_has_a_report_and_a_page() -> None:
    found = racekit.explore(Mute, outcomes={1})
    assert found.failure is not None
    assert str(found.failure).startswith("<Mute> came out, which is not among the outcomes allowed")
    assert "<Mute>" in str(found)
    assert "&lt;Mute&gt;" in page_of(found)


def test_outcomes_that_differ_only_by_their_address_are_one() -> None:
    def body() -> Plain:
        run(lambda: None)
        return Plain()

    found = racekit.explore(body, executions=3, strategy="random")
    assert [each.count for each in found.outcomes.values()] == [3]


def test_a_forbidden_outcome_that_always_comes_out_can_happen_with_a_gil() -> None:
    def body() -> Plain:
        run(lambda: None)
        return Plain()

    failure = racekit.explore(body, outcomes={1}).failure
    assert failure is not None
    assert failure.gil == "every"
