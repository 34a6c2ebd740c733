"""A cache spares the database. But those who ask while the first answer is still on its way all ask the database.

`racekit.assert_race_free(broken)` says:

    Lost update in execution 2:
      Cache.pages['home']: visitor-2's write of 'page home' overwrote visitor-1's write of 'page home'; both had read nothing (test_cache_stampede.py:30)
        visitor-1  reads Cache.pages['home']: nothing       test_cache_stampede.py:28
        visitor-2  reads Cache.pages['home']: nothing       test_cache_stampede.py:28
        visitor-1  writes Cache.pages['home']: 'page home'  test_cache_stampede.py:30
        visitor-2  writes Cache.pages['home']: 'page home'  test_cache_stampede.py:30
      Replay it with this schedule:
        rk1:
"""  # noqa: E501

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
