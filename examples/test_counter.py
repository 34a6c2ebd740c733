"""Two threads add to a counter. Both read it before either writes it back, so one addition is lost.

`racekit.assert_race_free(broken)` says:

    Lost update on Counter.value: one overwrote ten's write (both had read 0)

        one        ten        test_counter.py
      > reads 0               33  self.value += amount
      ~ preempted here
                   reads 0    33
                 > writes 10  33
                 ~ ended
      > writes 1              33
      (3 other events not shown)

    1 preemption; no schedule with fewer fails so. Found in execution 3.

      replay:  racekit.replay(body, 'rk1:1@33w.value>2')
      pin:     @racekit.race(replay='rk1:1@33w.value>2')
      fix:     Hold one lock from the read to the write.
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
