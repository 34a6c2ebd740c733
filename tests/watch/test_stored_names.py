"""The names that code stores, which are those whose loads are announced."""

from __future__ import annotations

import textwrap

from racekit.watch.stored_names import stored_names


def names(source: str) -> frozenset[str]:
    return stored_names(compile(textwrap.dedent(source), "<stored>", "exec"))


def test_attributes_and_globals_that_are_stored_or_deleted_count() -> None:
    assert names("def f(x):\n  global g, h\n  x.a = 1\n  del x.b\n  g = 2\n  del h") == {"a", "b", "g", "h"}


def test_what_is_only_loaded_or_called_does_not_count() -> None:
    assert names("def f(x):\n  x.a.b(c)\n  return x.d[g]") == frozenset()


def test_assignments_in_place_and_targets_of_loops_count() -> None:
    assert names("def f(x):\n  x.a += 1\n  for x.b in (): pass\n  with x as x.c: pass") == {"a", "b", "c"}


def test_nested_code_counts() -> None:
    assert names("class C:\n  def f(self):\n    return lambda: setattr\n  def g(self):\n    self.x = [0]") == {"x"}


def test_names_with_a_large_number_are_told_apart() -> None:
    loads = "\n".join(f"  x.n{number}" for number in range(70_000 // 250))
    assert names(f"def f(x):\n{loads}\n  x.last = 1") == {"last"}
