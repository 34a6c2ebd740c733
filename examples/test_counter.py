"""Two threads add to a counter. Both read it before either writes it back, so one addition is lost.

`racekit.assert_race_free(broken)` says:

    Lost update in execution 3:
      Counter.value: one's write of 1 overwrote ten's write of 10; both had read 0 (test_counter.py:25)
        one  reads Counter.value: 0    test_counter.py:25
        ten  reads Counter.value: 0    test_counter.py:25
        ten  writes Counter.value: 10  test_counter.py:25
        one  writes Counter.value: 1   test_counter.py:25
      Replay it with this schedule:
        rk1:1@25w.value>2
"""

import threading

import racekit


class Counter:
    def __init__(self) -> None:
        self.value = 0

    def add(self, amount: int) -> None:
        self.value += amount


class LockedCounter(Counter):
    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()

    def add(self, amount: int) -> None:
        with self.lock:
            self.value += amount


def add_twice(counter: Counter) -> int:
    def one() -> None:
        counter.add(1)

    def ten() -> None:
        counter.add(10)

    racekit.together(one, ten)
    return counter.value


def broken() -> int:
    return add_twice(Counter())


def fixed() -> int:
    return add_twice(LockedCounter())


def test_an_addition_can_get_lost() -> None:
    racekit.assert_lost_update(broken, of="Counter.value")
    racekit.assert_outcomes(broken, {1, 10, 11})


def test_with_a_lock_no_addition_gets_lost() -> None:
    assert racekit.assert_race_free(fixed).proved
