"""A cache spares the database. But those who ask while the first answer is still on its way all ask the database.

`racekit.assert_race_free(broken)` says:

    Double initialisation of Cache.pages['home']: visitor-1 and visitor-2 both found
      nothing, and both set it

        visitor-1            visitor-2           test_cache_stampede.py
      > reads nothing                            40  page = self.pages.get(key)
      ~ sleeps
                           > reads nothing       40
                           ~ sleeps
        has slept                                64  time.sleep(0.5)  # virtual t...
      > writes 'page home'                       42  page = self.pages[key] = sel...
      ~ ended
                             has slept           64  time.sleep(0.5)  # virtual t...
                           > writes 'page home'  42  page = self.pages[key] = sel...
      (14 other events not shown)

    No preemption needed. Found in execution 2.

      replay:  racekit.replay(body, 'rk1:')
      pin:     @racekit.race(replay='rk1:')
      fix:     Look and set under one lock, or set it before the threads start.
"""

import threading
import time
from collections.abc import Callable

import racekit


class Cache:
    def __init__(self, load: Callable[[str], str]) -> None:
        self.load = load
        self.pages: dict[str, str] = {}

    def get(self, key: str) -> str:
        page = self.pages.get(key)
        if page is None:
            page = self.pages[key] = self.load(key)
        return page


class PatientCache(Cache):
    """Whoever comes while somebody is loading waits for that."""

    def __init__(self, load: Callable[[str], str]) -> None:
        super().__init__(load)
        self.loading = threading.Lock()

    def get(self, key: str) -> str:
        with self.loading:
            return super().get(key)


class Database:
    def __init__(self) -> None:
        self.queries: list[str] = []

    def load(self, key: str) -> str:
        self.queries.append(key)
        time.sleep(0.5)  # virtual time: it costs nothing
        return f"page {key}"


def visit_twice(database: Database, cache: Cache) -> list[str]:
    """The queries that reach the database."""

    def visitor() -> str:
        return cache.get("home")

    racekit.together(visitor, visitor)
    return database.queries


def broken() -> list[str]:
    database = Database()
    return visit_twice(database, Cache(database.load))


def fixed() -> list[str]:
    database = Database()
    return visit_twice(database, PatientCache(database.load))


def test_the_database_can_be_asked_twice() -> None:
    racekit.assert_outcomes(broken, [["home"], ["home", "home"]])


def test_with_a_lock_the_database_is_asked_once() -> None:
    assert racekit.assert_outcomes(fixed, [["home"]]).proved
    assert racekit.assert_race_free(fixed).proved
