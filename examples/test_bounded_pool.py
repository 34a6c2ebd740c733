"""A pool of connections. Whoever finds it empty waits to be notified, but the notification came just before.

`racekit.assert_race_free(broken)` says:

    Deadlock: no thread can go on.
      MainThread waits for the end of taker, in join()
        at test_bounded_pool.py:71 in pass_on   return str(racekit.together(giver, taker)[1])
      taker waits for Pool.returned, in wait()
        at test_bounded_pool.py:38 in Pool.take   self.returned.wait()
      What happened, in this order:
        MainThread  starts a thread              test_bounded_pool.py:71 in pass_on
                    starts a thread              test_bounded_pool.py:71 in pass_on
        taker       reads Pool.free: []          test_bounded_pool.py:36 in take
        giver       writes Pool.free: ['connection'] test_bounded_pool.py:42 in give_back
                    acquires                     test_bounded_pool.py:43 in give_back
                    calls notify                 test_bounded_pool.py:44 in give_back
                    releases                     test_bounded_pool.py:43 in give_back
        taker       acquires                     test_bounded_pool.py:37 in take
                    calls wait                   test_bounded_pool.py:38 in take
        MainThread  calls join                   test_bounded_pool.py:71 in pass_on
      Seen in execution 3. Replay it with this schedule:
        rk1:0@71s.join>2,2@37s.acquire>1
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
