"""A cache that forgets what was least recently used. Each call alone is right, but two of them can mix.

`broken()` says:

    Not linearizable: no order of these 3 calls gives these results; the nearest is
      put(0, 'a') in thread 2, put(1, 'a') in thread 1, get(0) in thread 2, which
      would return None, None, None.

      The calls, and when each began and ended, from left to right:
        thread 1  put(1, 'a')  returned None                |--|
        thread 2  put(0, 'a')  returned None       |--|
                  get(0)       raised KeyError(0)        |--------|

        thread 1                  thread 2                 test_lru_cache.py
                                  writes entries[0]: 'a'   52  self.entries[key]...
                                  reads entries: <Orde...  53  if len(self.entrie...
                                  reads entries[0]: 'a'    46  if key not in self...
                                ~ preempted here
        writes entries[1]: 'a'                             52  self.entries[key]...
        reads entries: <Orde...                            53  if len(self.entrie...
        writes entries: <Ord...                            54  self.entries.popit...
      ~ ended
                                  writes entries: <Ord...  48  self.entries.move_...

      replay:  LruCacheOperations.TestCase.replay = 'rk1:0@0s.join>2,2@48c>1;0+1+2;...'
      pin:     @concurrent(replay='rk1:0@0s.join>2,2@48c>1;0+1+2;...')
"""

import threading
from collections import OrderedDict

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import racekit
from racekit.properties import concurrent, operation


class LruCache:
    def __init__(self, size: int) -> None:
        self.size = size
        self.entries: OrderedDict[int, str] = OrderedDict()

    def get(self, key: int) -> str | None:
        if key not in self.entries:
            return None
        self.entries.move_to_end(key)
        return self.entries[key]

    def put(self, key: int, value: str) -> None:
        self.entries[key] = value
        if len(self.entries) > self.size:
            self.entries.popitem(last=False)


class LockedLruCache(LruCache):
    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.lock = threading.Lock()

    def get(self, key: int) -> str | None:
        with self.lock:
            return super().get(key)

    def put(self, key: int, value: str) -> None:
        with self.lock:
            super().put(key, value)


@concurrent()
class LruCacheOperations:
    """One entry fits. What the operations have to return is found by running them one after the other."""

    def start(self) -> LruCache:
        return LruCache(1)

    @operation(key=st.integers(0, 1))
    def get(self, cache: LruCache, key: int) -> str | None:
        return cache.get(key)

    @operation(key=st.integers(0, 1), value=st.sampled_from(["a", "b"]))
    def put(self, cache: LruCache, key: int, value: str) -> None:
        cache.put(key, value)


@concurrent()
class LockedLruCacheOperations(LruCacheOperations):
    def start(self) -> LruCache:
        return LockedLruCache(1)


SETTINGS = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
LruCacheOperations.TestCase.settings = SETTINGS
TestLockedLruCache = LockedLruCacheOperations.TestCase
TestLockedLruCache.settings = settings(SETTINGS, max_examples=30)


def broken() -> None:
    LruCacheOperations.TestCase().runTest()


def test_two_calls_of_a_cache_without_a_lock_can_mix() -> None:
    with pytest.raises(racekit.Inconsistent):
        broken()
