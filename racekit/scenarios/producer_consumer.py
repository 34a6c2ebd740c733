"""A producer and a consumer over a queue, told to stop by an event."""

from __future__ import annotations

import logging
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import Queue


def producer(pipeline: Queue[int], event: threading.Event, pace: float) -> None:
    """Put a message into the queue every `pace` seconds, as if from a network, until the event is set."""
    while not event.is_set():
        time.sleep(pace)
        message = random.randint(1, 11)
        logging.info("Producer produce message %s", message)
        pipeline.put(message)
    logging.info("Producer got event set... producer exit...")


def consumer(pipeline: Queue[int], event: threading.Event) -> None:
    """Take messages, as if to store them, until the event is set and the queue is empty."""
    while not event.is_set() or not pipeline.empty():
        message = pipeline.get()
        logging.info("Consumer got message %s from pipeline queue (current queue size : %d)", message, pipeline.qsize())
    logging.info("Consumer got event set... consumer exit...")


def run_producer_consumer(seconds: float = 0.1, pace: float = 0.04) -> int:
    """Let the two work for `seconds`, one message every `pace`, then set the event; return how many messages are left.

    The document shows how a queue of limited size takes the two apart, and how an event tells both to stop. Its way to
    stop has a flaw, kept here: the consumer looks at the event and only then waits in `get()`. If in between the event
    is set and the producer leaves, no message will ever come, and the consumer waits forever.
    """
    logging.info("Main Thread start!!!")

    pipeline: Queue[int] = Queue(maxsize=10)
    event = threading.Event()

    with ThreadPoolExecutor(max_workers=2) as executor:
        executor.submit(producer, pipeline, event, pace)
        executor.submit(consumer, pipeline, event)
        time.sleep(seconds)
        event.set()

    logging.info("Main Thread finish!!!")
    return pipeline.qsize()
