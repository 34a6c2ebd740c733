"""The examples of the document that racekit was first written for, as plain code with no racekit inside."""

from racekit.scenarios.daemon_threads import run_daemon_threads
from racekit.scenarios.fake_data_store import DataStore, FakeDataStore, update_three_times
from racekit.scenarios.lock_pair import Account, LockPair
from racekit.scenarios.locked_data_store import LockedDataStore
from racekit.scenarios.producer_consumer import run_producer_consumer
from racekit.scenarios.semaphore_pool import Restroom, shared_restroom, single_restroom, visit_together
from racekit.scenarios.sub_thread import run_sub_thread
from racekit.scenarios.thread_pool import run_thread_pool

__all__ = [
    "Account",
    "DataStore",
    "FakeDataStore",
    "LockPair",
    "LockedDataStore",
    "Restroom",
    "run_daemon_threads",
    "run_producer_consumer",
    "run_sub_thread",
    "run_thread_pool",
    "shared_restroom",
    "single_restroom",
    "update_three_times",
    "visit_together",
]
