"""`pytest --race` explores every test that starts a thread and leaves the others alone."""

from __future__ import annotations

from small_project import Project, told


def test_a_test_that_starts_a_thread_is_explored(project: Project) -> None:
    result = project.run(
        """
def test_it():
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2
""",
        "--race",
    )
    result.assert_outcomes(failed=1)
    assert told(result)["test_it"]["race_result"] == "failed"


def test_a_test_that_starts_a_thread_of_an_executor_is_explored(project: Project) -> None:
    result = project.run(
        """
from concurrent.futures import ThreadPoolExecutor

def test_it():
    with ThreadPoolExecutor(max_workers=1) as pool:
        assert pool.submit(int, "7").result() == 7
""",
        "--race",
    )
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"]["race_executions"] >= 1


def test_a_test_without_threads_is_run_once_and_plainly(project: Project) -> None:
    result = project.run("runs = []\ndef test_it():\n    runs.append(1)\n    assert runs == [1]", "--race")
    result.assert_outcomes(passed=1)
    assert "race_result" not in told(result)["test_it"]


def test_a_test_whose_fixture_starts_a_thread_is_explored(project: Project) -> None:
    result = project.run(
        """
@pytest.fixture
def busy_counter():
    counter = Counter()
    thread = threading.Thread(target=counter.increment)
    thread.start()
    yield counter, thread
    thread.join()

def test_it(busy_counter):
    counter, thread = busy_counter
    counter.increment()
    thread.join()
    assert counter.value == 2
""",
        "--race",
    )
    result.assert_outcomes(failed=1)


def test_a_wider_fixture_may_start_threads_without_its_test_being_explored(project: Project) -> None:
    result = project.run(
        """
@pytest.fixture(scope="session")
def server():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    yield thread
    stop.set()
    thread.join()

@pytest.fixture
def lazy(request):
    return request.getfixturevalue("server")

def test_lazily(lazy): assert lazy.is_alive()

def test_in_the_body(request): assert request.getfixturevalue("server").is_alive()

def test_plainly(server): assert server.is_alive()

def test_and_another(lazy):
    assert lazy.is_alive()
    twice(LockedCounter().increment)
""",
        "--race",
    )
    result.assert_outcomes(passed=4)
    assert [name for name, tells in told(result).items() if "race_result" in tells] == ["test_and_another"]


def test_a_test_that_catches_everything_is_explored_all_the_same(project: Project) -> None:
    result = project.run(
        """
def test_it():
    counter = LockedCounter()
    try:
        twice(counter.increment)
    except BaseException:
        pass
    assert counter.value == 2
""",
        "--race",
    )
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"]["race_result"] == "proved"


def test_a_test_case_that_starts_a_thread_is_explored(project: Project) -> None:
    result = project.run(
        """
import unittest

class TestIt(unittest.TestCase):
    def test_it(self):
        counter = Counter()
        twice(counter.increment)
        self.assertEqual(counter.value, 2)
""",
        "--race",
    )
    result.assert_outcomes(failed=1)
    assert told(result)["TestIt::test_it"]["race_result"] == "failed"


def test_a_test_that_calls_explore_itself_is_left_alone(project: Project) -> None:
    result = project.run(
        """
def test_it():
    assert racekit.explore(lambda: twice(LockedCounter().increment)).proved
""",
        "--race",
    )
    result.assert_outcomes(passed=1)
    assert "race_result" not in told(result)["test_it"]


def test_what_the_broken_off_run_did_is_not_seen_by_the_executions(project: Project) -> None:
    result = project.run(
        """
def test_it(tmp_path, record_property):
    assert not list(tmp_path.iterdir())
    tmp_path.joinpath("file").touch()
    record_property("kept", "once")
    twice(LockedCounter().increment)
""",
        "--race",
    )
    result.assert_outcomes(passed=1)
    [report] = [r for r in result.reprec.getreports("pytest_runtest_logreport") if r.when == "call"]  # type: ignore
    assert report.user_properties.count(("kept", "once")) == 1


def test_threads_started_by_other_threads_do_not_make_a_test_one_to_explore(project: Project) -> None:
    result = project.run(
        """
@pytest.fixture(scope="module")
def starter():
    orders, done = threading.Semaphore(0), threading.Semaphore(0)
    def serve():
        orders.acquire()
        child = threading.Thread(target=int)
        child.start()
        child.join()
        done.release()
    thread = threading.Thread(target=serve)
    thread.start()
    yield orders, done
    thread.join()

def test_before(starter): ...

def test_it(starter):
    orders, done = starter
    orders.release()
    done.acquire()
""",
        "--race",
    )
    result.assert_outcomes(passed=2)
    assert "race_result" not in told(result)["test_it"]


def test_thread_start_is_what_it_was_after_each_test(project: Project) -> None:
    result = project.run(
        """
plain_start = threading.Thread.start

@pytest.fixture
def patched(monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", lambda thread: None)

def test_patched(patched):
    threading.Thread(target=int).start()

def test_threaded():
    twice(int)

@pytest.fixture(scope="module", autouse=True)
def check():
    yield
    assert threading.Thread.start is plain_start
""",
        "--race",
    )
    result.assert_outcomes(passed=2)


def test_set_up_only_sets_up_everything(project: Project) -> None:
    result = project.run("@racekit.race\ndef test_it(tmp_path): ...", "--race", "--setup-only")
    result.stdout.fnmatch_lines(["*SETUP *F tmp_path*"])


def test_the_ini_file_can_ask_for_it(project: Project) -> None:
    project.pytester.makeini("[pytest]\nrace = true")
    result = project.run("def test_it(): twice(int)")
    assert told(result)["test_it"]["race_result"] == "proved"
