"""Which closure variables rewritten code announces: those that can change while another thread sees them."""

from __future__ import annotations

import textwrap

from recording import Recorder, compiled, recorded, rewritten


def test_a_closure_variable_that_changes_announces_its_cell() -> None:
    source = """
        def f():
            count = 0
            def add():
                nonlocal count
                count += 1
            add()
            add()
            return count, add.__closure__[0]
    """
    function = compiled(source)
    recorder = Recorder()
    rewritten(function, recorder)
    count, cell = function()
    assert count == 2
    cells = recorder.of("load_cell", "store_cell")
    assert [(kind, name) for kind, name, _ in cells if name == "count"] == [
        ("store_cell", "count"),
        *[("load_cell", "count"), ("store_cell", "count")] * 2,
        ("load_cell", "count"),
    ]
    assert all(operand is cell for _, _, operand in cells)


def cell_events(body: str) -> list[tuple[str, str]]:
    recorder = recorded("def f(p=3, *a):\n" + textwrap.indent(textwrap.dedent(body), "    "))
    return [event[:2] for event in recorder.of("load_cell", "store_cell", "delete_cell")]


def test_a_variable_written_before_its_capture_is_settled() -> None:
    assert cell_events("x = 1\nx += 1\ndef g(): return x, p\nreturn g()") == []


def test_a_variable_written_after_its_capture_is_announced() -> None:
    assert cell_events("def g(): return x\nx = 1\nreturn g()") == [("store_cell", "x"), ("load_cell", "x")]


def test_a_parameter_written_again_after_its_capture_is_announced() -> None:
    assert cell_events("def g(): return p\np = 1\nreturn g()") == [("store_cell", "p"), ("load_cell", "p")]


def test_a_variable_captured_in_a_loop_that_writes_it_is_announced() -> None:
    events = cell_events("gs = []\nfor x in (1, 2): gs.append(lambda: x)\nreturn [g() for g in gs]")
    assert events.count(("store_cell", "x")) == 2 and events.count(("load_cell", "x")) == 2


def test_a_variable_written_by_a_closure_inside_a_closure_is_announced() -> None:
    events = cell_events("x = 1\ndef g():\n  def h():\n    nonlocal x\n    x = 2\n  h()\ng()\nreturn x")
    assert events == [("store_cell", "x"), ("store_cell", "x"), ("load_cell", "x")]


def test_a_variable_that_is_deleted_after_its_capture_is_announced() -> None:
    events = cell_events("x = 1\ndef g(): return x\ndel x\nreturn g()")
    assert events == [("store_cell", "x"), ("delete_cell", "x"), ("load_cell", "x")]


def test_a_caught_exception_that_a_closure_sees_is_announced() -> None:
    events = cell_events("try: 1 / 0\nexcept Exception as e:\n  g = lambda: str(e)\n  return g()")
    assert ("delete_cell", "e") in events


def test_a_variable_of_the_same_name_in_an_unrelated_closure_stays_settled() -> None:
    source = (
        "x = 1\ndef g(): return x\ndef h():\n  x = 2\n  def i():\n    nonlocal x\n    x = 3\n  i()\nh()\nreturn g()"
    )
    assert cell_events(source) == [("store_cell", "x"), ("store_cell", "x")]


def test_a_free_variable_whose_owner_is_not_rewritten_is_announced() -> None:
    function = compiled("def outer():\n  x = 1\n  def f(): return x\n  return f\nf = outer()")
    recorder = Recorder()
    rewritten(function, recorder)
    assert function() == 1
    assert recorder.events == [("load_cell", "x", function.__closure__[0])]


def test_the_class_cell_is_never_announced() -> None:
    function = compiled("class C:\n  def f(self): return __class__\nf = C.f")
    recorder = Recorder()
    rewritten(function, recorder)
    assert function(None) is function.__globals__["C"] and recorder.events == []


def test_a_comprehension_variable_captured_by_lambdas_works() -> None:
    cell_events("x = 5\ngs = [lambda: x for x in range(3)]\nreturn [g() for g in gs], x")


def test_a_variable_free_and_local_at_once_works() -> None:
    cell_events(
        """
        x, z = 1, 2
        def g():
            y = [x for x in range(3)]
            def h(): return x, z
            return h(), x, y
        return g()
        """
    )
