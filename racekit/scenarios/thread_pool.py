"""Three tasks over the two workers of a thread pool."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor


def task(name: str) -> int:
    """The sum of the numbers up to 10000, and two seconds of waiting."""
    logging.info("%s Sub Thread start!!!", name)
    result = sum(range(10001))
    time.sleep(2)
    logging.info("%s Sub Thread finish!!! - result : %d", name, result)
    return result


def run_thread_pool() -> list[int]:
    """Run three tasks in a pool of two workers and return their results.

    The document shows that the third task has to wait until a worker has finished one of the first two, that leaving
    the `with` block waits for all of them, and that `map` gives the results in the order of the tasks, whichever
    finished first.
    """
    logging.info("Main Thread start!!!")

    with ThreadPoolExecutor(max_workers=2) as executor:
        results = list(executor.map(task, ["First", "Second", "Third"]))
        logging.info(results)

    logging.info("Main Thread finish!!!")
    return results
