"""A schedule and its token say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from racekit.errors import BadArgument
from racekit.schedule import Position, Schedule, Switch

threads = st.integers(min_value=0, max_value=99)
names = st.one_of(st.just(""), st.from_regex(r"[^\W\d]\w{0,12}", fullmatch=True))
positions = st.builds(
    Position,
    line=st.integers(min_value=0, max_value=100_000),
    letter=st.sampled_from("rwcs"),
    name=names,
    occurrence=st.integers(min_value=1, max_value=1000),
)
schedules = st.builds(
    Schedule, st.lists(st.builds(Switch, thread=threads, position=positions, to=threads), max_size=6).map(tuple)
)


def refusal(token: object) -> str:
    with pytest.raises(BadArgument) as caught:
        Schedule.parse(token)  # type: ignore[arg-type]
    return str(caught.value)


@given(schedules)
def test_parsing_a_token_gives_the_schedule_it_came_from(schedule: Schedule) -> None:
    assert Schedule.parse(schedule.token) == schedule


@given(schedules)
def test_a_token_is_one_word(schedule: Schedule) -> None:
    assert len(schedule.token.split()) == 1


def test_the_token_of_a_switch_reads_as_documented() -> None:
    switch = Switch(thread=1, position=Position(line=14, letter="w", name="value", occurrence=1), to=2)
    assert Schedule((switch,)).token == "rk1:1@14w.value>2"


def test_a_later_passage_of_a_line_is_counted() -> None:
    switch = Switch(thread=1, position=Position(line=14, letter="r", name="value", occurrence=3), to=0)
    assert Schedule((switch,)).token == "rk1:1@14r.value*3>0"


def test_an_operation_without_a_name_is_left_unnamed() -> None:
    switch = Switch(thread=0, position=Position(line=7, letter="s", name="", occurrence=1), to=1)
    assert Schedule((switch,)).token == "rk1:0@7s>1"


def test_no_switches_make_the_default_schedule() -> None:
    assert Schedule.parse("rk1:") == Schedule()


def test_a_schedule_prints_as_its_token() -> None:
    assert str(Schedule.parse("rk1:1@14w.value>2")) == "rk1:1@14w.value>2"


def test_a_schedule_is_accepted_for_a_token() -> None:
    schedule = Schedule.parse("rk1:1@14w.value>2")
    assert Schedule.parse(schedule) is schedule


def test_blanks_around_a_copied_token_do_no_harm() -> None:
    assert Schedule.parse("  rk1:1@14w.value>2\n") == Schedule.parse("rk1:1@14w.value>2")


@pytest.mark.parametrize(
    ("letter", "words"),
    [
        ("r", "reads value on line 14"),
        ("w", "writes value on line 14"),
        ("c", "calls value on line 14"),
        ("s", "calls value on line 14"),
    ],
)
def test_a_position_can_be_said_in_words(letter: str, words: str) -> None:
    assert Position(14, letter, "value", 1).words == words


def test_a_method_of_a_container_without_a_name_is_called_so() -> None:
    assert Position(14, "c", "", 1).words == "calls a method of a container on line 14"


def test_the_words_for_a_later_passage_count_it() -> None:
    assert Position(14, "w", "", 2).words == "writes an item on line 14 (passage 2)"


def test_something_that_is_no_text_is_no_token() -> None:
    assert refusal(14) == "14 is not a schedule: pass a Schedule or its token, a text like 'rk1:1@14w.value>2'."


@pytest.mark.parametrize("token", ["", "rk1", "rk0:1@14w.value>2", "1@14w.value>2", "hello"])
def test_a_token_of_another_version_is_refused_with_the_way_out(token: str) -> None:
    message = refusal(token)
    assert message.startswith(f"{token!r} is not a schedule token of this version: it has to start with 'rk1:'.")
    assert "Copy the whole token from the report" in message


@pytest.mark.parametrize(
    "switch",
    ["1", "1@14", "1@14w", "1@14w.value", "1@14w.value>", "@14w.value>2", "1@w.value>2", "1@14x.value>2", "a@14w>2"],
)
def test_a_damaged_switch_is_quoted_in_the_refusal(switch: str) -> None:
    assert refusal(f"rk1:0@3s>1,{switch}").startswith(f"{switch!r} in the schedule token 'rk1:0@3s>1,{switch}'")
