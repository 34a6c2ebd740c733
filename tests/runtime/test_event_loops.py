"""Event loops of `asyncio`: what other threads ask them to call comes in each order in which they can ask."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable

import pytest

import racekit


def in_loop(*functions: Callable[[asyncio.AbstractEventLoop, asyncio.Queue[str]], object]) -> str:
    """A thread for each function, and what they put into a queue of the event loop of this one, one item each."""

    async def main() -> str:
        loop, items = asyncio.get_running_loop(), asyncio.Queue[str]()
        threads = [threading.Thread(target=function, args=(loop, items)) for function in functions]
        for thread in threads:
            thread.start()
        found = [await items.get() for _ in threads]
        for thread in threads:
            thread.join()
        return "".join(found)

    return asyncio.run(main())


def test_calls_that_threads_ask_for_come_in_each_order() -> None:
    def body() -> str:
        return in_loop(
            lambda loop, items: loop.call_soon_threadsafe(items.put_nowait, "a"),
            lambda loop, items: loop.call_soon_threadsafe(items.put_nowait, "b"),
        )

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {"ab", "ba"}


def test_a_coroutine_runs_before_or_after_what_its_thread_does_next() -> None:
    async def append(values: list[str]) -> None:
        values.append("loop")

    def body() -> str:
        values: list[str] = []

        def ask(loop: asyncio.AbstractEventLoop, items: asyncio.Queue[str]) -> None:
            done = asyncio.run_coroutine_threadsafe(append(values), loop)
            values.append("thread")
            done.result()
            loop.call_soon_threadsafe(items.put_nowait, "")

        in_loop(ask)
        return " ".join(values)

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {"loop thread", "thread loop"}


@pytest.mark.parametrize(
    "ask",
    [
        lambda loop: loop.stop(),
        lambda loop: loop.call_soon(loop.stop),
        lambda loop: loop.call_later(1, loop.stop),
        lambda loop: loop.create_task(stop(loop)),
    ],
    ids=["stop", "call_soon", "call_later", "create_task"],
)
def test_a_loop_that_waits_is_not_woken_by_what_is_not_for_other_threads(
    ask: Callable[[asyncio.AbstractEventLoop], object],
) -> None:
    def body() -> None:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        ask(loop)
        thread.join()
        loop.close()

    found = racekit.explore(body)
    assert set(found.outcomes) == {None}
    assert found.failure is not None
    assert found.failure.kind == "deadlock"


async def stop(loop: asyncio.AbstractEventLoop) -> None:
    loop.stop()


def test_what_a_thread_did_before_it_asked_is_no_data_race_with_the_loop() -> None:
    class Shared:
        value = 0

    def body() -> None:
        shared = Shared()

        def ask(loop: asyncio.AbstractEventLoop, items: asyncio.Queue[str]) -> None:
            shared.value += 1
            loop.call_soon_threadsafe(change, items)

        def change(items: asyncio.Queue[str]) -> None:
            shared.value += 1
            items.put_nowait("")

        in_loop(ask)

    found = racekit.explore(body)
    assert found.proved
    assert not found.data_races


def test_a_coroutine_that_an_ended_execution_leaves_behind_gives_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    async def nothing() -> None:
        pass

    def body() -> None:
        waiting = nothing()
        lock = threading.Lock()
        with lock, lock:
            asyncio.run(waiting)

    found = racekit.explore(body)
    assert found.failure is not None
    assert found.failure.kind == "deadlock"
    assert not recwarn.list


def test_a_loop_that_an_ended_execution_leaves_behind_gives_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    def body() -> int:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        value = asyncio.run_coroutine_threadsafe(asyncio.sleep(0, 1), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        return value

    gc.collect()  # what other tests have left behind
    recwarn.clear()
    assert racekit.explore(body).proved
    gc.collect()
    assert not recwarn.list
