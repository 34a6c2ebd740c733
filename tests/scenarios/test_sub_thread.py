"""The document's first thread, without `join` and with it."""

from __future__ import annotations

import pytest

from racekit.explore import explore, replay
from racekit.scenarios import run_sub_thread


def test_without_join_the_main_thread_ends_before_its_thread(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    def last_lines() -> tuple[str, ...]:
        caplog.clear()
        run_sub_thread()
        return tuple(caplog.messages[2:])

    started_first = explore(last_lines).outcomes["First Sub Thread start!!!", "Main-thread : end"]
    caplog.clear()
    replay(run_sub_thread, started_first.schedule)
    assert caplog.messages == [
        "Main-thread : before creating thread",
        "Main-thread : after creating thread",
        "First Sub Thread start!!!",
        "Main-thread : end",
        "First Sub Thread finish!!!",
    ]


def test_with_join_the_main_thread_ends_last_in_every_execution(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    def last_line() -> str:
        run_sub_thread(join=True)
        return str(caplog.messages[-1])

    assert set(explore(last_line).outcomes) == {"Main-thread : end"}


@pytest.mark.parametrize("join", [False, True])
def test_the_thread_is_awaited_for_its_three_seconds(join: bool) -> None:
    assert replay(lambda: run_sub_thread(join), "rk1:").seconds == pytest.approx(3)
