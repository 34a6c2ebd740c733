"""Where in a function a place is: before or after the statement on a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from racekit import BadArgument, Race


def visit(seen: list[str], count: int = 2) -> list[str]:
    """Words about seen.append("nothing")."""
    total = 0
    for number in range(count):
        if number: total += 1; seen.append("number")  # fmt: skip # noqa: E701, E702
    while total > 0:
        total -= 1
    try:
        seen.append("try")
        [1 // number for number in (1, 0)]
    except ZeroDivisionError:
        seen.append("except")
    finally:
        seen.append("finally")
    with memoryview(b""):
        seen.append("with")
    both = [
        seen.append("first"),
        seen.append("second"),
    ]
    assert both, "both"  # a comment
    match total:
        case 0:
            seen.append("zero")
    total and seen.append("never")
    global _unused
    return seen


_unused = None
DEF = visit.__code__.co_firstlineno


def path(race: Race, **place: Any) -> str:
    """The path through `visit`, with a star wherever the place is passed."""
    seen: list[str] = []
    race.call(visit, lambda: seen.append("*"), **place)
    return " ".join(visit(seen))


PLAIN = "number try except finally with first second zero"


def test_without_a_place_there_is_only_the_path() -> None:
    assert " ".join(visit([])) == PLAIN


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        pytest.param("total = 0", f"* {PLAIN}", id="first statement"),
        pytest.param("return seen", f"{PLAIN} *", id="return"),
        pytest.param("for number in range", f"* {PLAIN}", id="a for loop, once"),
        pytest.param("while", PLAIN.replace("try", "* * try"), id="a while loop, whenever it looks"),
        pytest.param("total -= 1", PLAIN.replace("try", "* try"), id="inside a loop"),
        pytest.param("if number", f"* * {PLAIN}", id="if"),
        pytest.param("total += 1", f"* {PLAIN}", id="second statement of a line"),
        pytest.param('append("number")', f"* {PLAIN}", id="third statement of a line"),
        pytest.param("try:", PLAIN.replace("try", "* try"), id="try"),
        pytest.param("1 // number", PLAIN.replace("except", "* except"), id="a comprehension that raises, once"),
        pytest.param('append("except")', PLAIN.replace("except", "* except"), id="in an except"),
        pytest.param('append("finally")', PLAIN.replace("finally", "* finally"), id="in a finally"),
        pytest.param("with memoryview", PLAIN.replace("with", "* with"), id="with, not its end"),
        pytest.param("both = [", PLAIN.replace("first", "* first"), id="several lines"),
        pytest.param('append("second")', PLAIN.replace("first", "* first"), id="the middle of several lines"),
        pytest.param("assert both", PLAIN.replace("zero", "* zero"), id="assert"),
        pytest.param("# a comment", PLAIN.replace("zero", "* zero"), id="a comment behind a statement"),
        pytest.param("match total", PLAIN.replace("zero", "* zero"), id="match"),
    ],
)
def test_before_a_fragment(race: Race, fragment: str, expected: str) -> None:
    assert path(race, before=fragment) == expected


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        pytest.param("total = 0", f"* {PLAIN}", id="first statement"),
        pytest.param("for number in range", f"* * {PLAIN}", id="a for loop: in its block"),
        pytest.param("while", PLAIN.replace("try", "* try"), id="a while loop: in its block"),
        pytest.param("total -= 1", PLAIN.replace("try", "* try"), id="last statement of a loop"),
        pytest.param("if number", f"* {PLAIN}", id="if: in its block"),
        pytest.param("total += 1", f"* {PLAIN}", id="second statement of a line"),
        pytest.param('append("number")', PLAIN.replace("number", "number *"), id="third statement of a line"),
        pytest.param("try:", PLAIN.replace("try", "* try"), id="try: in its block"),
        pytest.param('append("except")', PLAIN.replace("except", "except *"), id="in an except"),
        pytest.param('append("finally")', PLAIN.replace("finally", "finally *"), id="in a finally"),
        pytest.param("with memoryview", PLAIN.replace("with", "* with"), id="with: in its block"),
        pytest.param("both = [", PLAIN.replace("second", "second *"), id="several lines"),
        pytest.param("match total", PLAIN.replace("zero", "* zero"), id="match: in its first block"),
    ],
)
def test_after_a_fragment(race: Race, fragment: str, expected: str) -> None:
    assert path(race, after=fragment) == expected


def test_a_finally_is_passed_also_on_an_exceptions_way_through_it(race: Race) -> None:
    seen: list[str] = []

    def broken() -> None:
        try:
            raise KeyError
        finally:
            seen.append("finally")

    race.call(broken, lambda: seen.append("before"), before="seen.append")
    race.call(broken, lambda: seen.append("after"), after="seen.append")
    with pytest.raises(KeyError):
        broken()
    assert seen == ["before", "finally", "after"]


def test_a_line_number_of_the_file(race: Race) -> None:
    assert path(race, before=DEF + 2) == f"* {PLAIN}"


def test_a_line_number_counted_from_the_def_line(race: Race) -> None:
    assert path(race, before=2) == f"* {PLAIN}"


def test_a_line_number_in_the_middle_of_a_statement(race: Race) -> None:
    assert path(race, before=DEF + 18) == PLAIN.replace("first", "* first")


def test_a_line_number_counts_from_the_def_line_below_decorators(race: Race) -> None:
    def same(function: Callable[[], str]) -> Callable[[], str]:
        return function

    @same
    @same
    def decorated() -> str:
        return "value"

    race.call(decorated, lambda: seen.append("*"), before=1)
    seen: list[str] = []
    decorated()
    assert seen == ["*"]


def test_a_regular_expression(race: Race) -> None:
    assert path(race, before=re.compile(r"^with\b")) == PLAIN.replace("with", "* with")


def test_what_happens_at_one_line_happens_in_the_order_in_which_it_was_asked_for(race: Race) -> None:
    seen: list[str] = []
    for name in ["one", "two", "three"]:
        race.call(visit, lambda name=name: seen.append(name), before="return seen")
    assert visit(seen)[-3:] == ["one", "two", "three"]


def test_several_lines_of_one_function(race: Race) -> None:
    seen: list[str] = []
    race.call(visit, lambda: seen.append("behind"), after='append("with")')
    race.call(visit, lambda: seen.append("ahead"), before='append("with")')
    assert " ".join(visit(seen)) == PLAIN.replace("with", "ahead with behind")


@pytest.mark.parametrize(
    ("times", "expected"),
    [(1, "* try except"), (2, "try * except"), ((1, 3), "* try except * finally")],
)
def test_times_says_at_which_passages(race: Race, times: Any, expected: str) -> None:
    seen: list[str] = []

    def loop() -> None:
        for word in ["try", "except", "finally"]:
            seen.append(word)

    race.call(loop, lambda: seen.append("*"), before="seen.append", times=times)
    loop()
    assert expected in " ".join(seen) and seen.count("*") == expected.count("*")


# --- refusals --------------------------------------------------------------------------------------------------------


def refusal(race: Race, function: Any = visit, **place: Any) -> str:
    with pytest.raises(BadArgument) as refused:
        race.call(function, lambda: None, **place)
    return str(refused.value)


def test_a_fragment_on_several_lines_is_refused_with_these_lines(race: Race) -> None:
    def twice() -> None:
        value = 1
        value = 2
        del value

    first = twice.__code__.co_firstlineno
    assert refusal(race, twice, before="value =") == (
        "before='value =' matches 2 lines of "
        "test_a_fragment_on_several_lines_is_refused_with_these_lines.<locals>.twice: "
        f"write what stands on exactly one of these, or its number.\n  {first + 1}: value = 1\n  {first + 2}: value = 2"
    )


def test_a_fragment_on_no_line_is_refused_with_all_lines(race: Race) -> None:
    def short() -> int:
        """Not a statement."""
        value = 1  # comment

        return value

    first = short.__code__.co_firstlineno
    assert refusal(race, short, after="nowhere").splitlines() == [
        "after='nowhere' matches no line of test_a_fragment_on_no_line_is_refused_with_all_lines.<locals>.short: "
        "write what stands on exactly one of these, or its number.",
        f"  {first + 2}: value = 1  # comment",
        f"  {first + 4}: return value",
    ]


@pytest.mark.parametrize("place", [100_000, 0, 1, -1, "Words about", re.compile("nowhere"), "except Zero", ""])
def test_what_is_no_statement_is_refused(race: Race, place: Any) -> None:
    assert "write what stands on exactly one of these, or its number." in refusal(race, before=place)


def test_a_line_with_several_statements_has_to_be_given_by_a_fragment(race: Race) -> None:
    assert f"before={DEF + 4} matches 3 lines of visit" in refusal(race, before=DEF + 4)


def test_behind_a_return_is_refused(race: Race) -> None:
    assert refusal(race, after="return seen").endswith("`return seen`, which leaves: use before=.")


@pytest.mark.parametrize("fragment", ["assert both", "total and"])
def test_behind_a_statement_that_goes_on_in_several_ways_is_refused(race: Race, fragment: str) -> None:
    assert refusal(race, after=fragment).endswith("goes on in several ways: use before= with the line that follows.")


def test_a_statement_without_code_is_refused(race: Race) -> None:
    assert refusal(race, before="global _unused").endswith("does nothing when it is reached: use another line.")


def test_a_line_of_a_function_inside_belongs_to_that_function(race: Race) -> None:
    def outer() -> None:
        def inner() -> None:
            step = 1
            del step

        inner()

    assert "matches no line" in refusal(race, outer, before="step = 1")


@pytest.mark.parametrize("place", [{}, {"before": "return seen", "after": "total = 0"}])
def test_a_place_is_either_before_or_after(race: Race, place: dict[str, Any]) -> None:
    assert refusal(race, **place).endswith("give exactly one of before= and after=.")
