"""A pool of connections. Whoever finds it empty waits to be notified, but the notification came just before.

`racekit.assert_race_free(broken)` says:

    Lost wake-up on Pool.returned: giver called notify() before taker waited

                                                     test_bounded_pool.py
      MainThread  waits for the end of taker         79  return str(racekit.toget...
      taker       waits for Pool.returned in wait()  46  self.returned.wait()

        giver                    taker                   test_bounded_pool.py
                                 reads []                44  if not self.free:
                               ~ preempted here
        writes ['connection']                            50  self.free.append(con...
        takes Pool.returned                              51  with self.returned:
      > notifies Pool.returned                           52  self.returned.notify()
        releases Pool.returned                           51  with self.returned:
      ~ ended
                                 takes Pool.returned     45  with self.returned:
                               > waits on Pool.returned  46  self.returned.wait()
                               ~ waits for Pool.returned
      (3 other events not shown)

    1 preemption; no schedule with fewer fails so. Found in execution 3.
    Can happen on every CPython, with a GIL and without.

      replay:  racekit.replay(body, 'rk1:0@79s.join>2,2@45s.acquire>1')
      pin:     @racekit.race(replay='rk1:0@79s.join>2,2@45s.acquire>1')
      fix:     Look and wait under one lock: `with self.returned: while not ...:
               wait()`.
"""

import threading

import racekit


class Pool:
    def __init__(self) -> None:
        self.free: list[str] = []
        self.returned = threading.Condition()

    def take(self) -> str:
        if not self.free:
            with self.returned:
                self.returned.wait()
        return self.free.pop()

    def give_back(self, connection: str) -> None:
        self.free.append(connection)
        with self.returned:
            self.returned.notify()


class PatientPool(Pool):
    """Looks and waits under one lock, so that nothing happens in between."""

    def take(self) -> str:
        with self.returned:
            while not self.free:
                self.returned.wait()
            return self.free.pop()

    def give_back(self, connection: str) -> None:
        with self.returned:
            self.free.append(connection)
            self.returned.notify()


def pass_on(pool: Pool) -> str:
    """One thread gives back the only connection, another one takes it."""

    def giver() -> None:
        pool.give_back("connection")

    def taker() -> str:
        return pool.take()

    return str(racekit.together(giver, taker)[1])


def broken() -> str:
    return pass_on(Pool())


def fixed() -> str:
    return pass_on(PatientPool())


def test_the_taker_can_wait_forever() -> None:
    racekit.assert_deadlock(broken, between=["taker"])


def test_looking_and_waiting_under_one_lock_misses_no_notification() -> None:
    assert racekit.assert_race_free(fixed).proved
