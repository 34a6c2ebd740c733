"""Rewritten code does what it did, whatever it is made of."""

from __future__ import annotations

import sys

import pytest
from recording import Recorder, Thing, compiled, positions, recorded, rewritten

CONSTRUCTS = {
    "try in try": """
        def f(log=None):
            log = []
            try:
                try:
                    log.append(1)
                    1 / 0
                except ZeroDivisionError as error:
                    log.append(str(error))
                    raise KeyError(2) from error
                finally:
                    log.append(3)
            except KeyError as error:
                log.append(error.args[0])
            else:
                log.append('else')
            finally:
                log.append(4)
            return log
    """,
    "finally overrides return": """
        def f():
            for i in range(3):
                try: return i
                finally:
                    if i == 1: break
                    continue
            return 'end', i
    """,
    "exception cleanup state": """
        def f():
            import sys
            try:
                try: raise ValueError(1)
                finally:
                    try: raise KeyError(2)
                    except KeyError: pass
                    finally: x = sys.exception() if hasattr(sys, 'exception') else sys.exc_info()[1]
            except ValueError as e:
                return str(e), str(x), e.__context__
    """,
    "exception groups": """
        def f():
            log = []
            try:
                raise ExceptionGroup('g', [ValueError(1), KeyError(2), TypeError(3)])
            except* ValueError as group:
                log.append(str(group.exceptions))
            except* (KeyError, TypeError) as group:
                log.append(len(group.exceptions))
            return log
    """,
    "exception groups that are not caught": """
        def f():
            try:
                raise ExceptionGroup('g', [ValueError(1), KeyError(2)])
            except* ValueError:
                pass
    """,
    "with": """
        import contextlib
        @contextlib.contextmanager
        def manager(log, name, swallow):
            log.append('enter ' + name)
            try: yield name
            except Exception as error:
                log.append(str(error))
                if not swallow: raise
            finally: log.append('exit ' + name)
        def f():
            log = []
            for fail in (False, True):
                with manager(log, 'a', True) as a, manager(log, 'b', False) as b:
                    log.append(a + b)
                    if fail: raise ValueError('body')
            return log
    """,
    "match": """
        class Point:
            __match_args__ = ('x', 'y')
            def __init__(self, x, y): self.x, self.y = x, y
        def one(value):
            match value:
                case Point(0, y=yy): return 'axis', yy
                case Point(x, y) if x == y: return 'diagonal', x
                case {'kind': kind, **rest}: return kind, rest
                case [first, *others]: return first, others
                case str() | bytes(): return 'text'
                case None: return 'none'
                case _: return 'other'
        def f(): return [one(v) for v in (Point(0, 2), Point(3, 3), {'kind': 1, 'z': 2}, [1, 2, 3], 'x', None, 4)]
    """,
    "generator": """
        def inner(n):
            total = 0
            while total < n:
                got = yield total
                total += got or 1
            return 'done'
        def f():
            result = yield from inner(3)
            yield result
            g = inner(10)
            next(g)
            yield g.send(5)
            g.close()
            try: g.throw(KeyError('k'))
            except KeyError as error: yield str(error)
    """,
    "coroutine": """
        import asyncio
        class Manager:
            async def __aenter__(self): await asyncio.sleep(0); return self
            async def __aexit__(self, *error): return error[0] is KeyError
        async def numbers(n):
            for i in range(n):
                await asyncio.sleep(0)
                yield i
        async def f():
            total = [x async for x in numbers(3) if x]
            async for x in numbers(2): total.append(await asyncio.sleep(0, x))
            else: total.append('else')
            async with Manager() as manager:
                total.append(type(manager).__name__)
                raise KeyError
            return total, sum([x async for x in numbers(4)]), await asyncio.gather(asyncio.sleep(0, 1))
    """,
    "class body": """
        def f(y=2):
            z = 3
            class Inner(dict, metaclass=type):
                a = y
                b = [a + z for _ in range(2)]
                def method(self, other=z): return super().get(other), self.a, z, __class__.__name__
                @property
                def p(self): return self.b
                @classmethod
                def c(cls): return cls.__qualname__
            inner = Inner({3: 4})
            return inner.method(), inner.p, Inner.c()
    """,
    "f-string and walrus": """
        def f(x=3.14159):
            if (n := len(str(x))) > 3 and [last := d for d in str(x)]:
                return f'{x:.{n - 5}f} {x!r:>10} {n=} {last}'
    """,
    "comprehensions": """
        def f():
            table = [[i * j for j in range(3) if j] for i in range(3)]
            sets = {k: [*v] for k, v in enumerate(table)}, {x for row in table for x in row}
            return table, sets, sum(x for x in (1, 2))
    """,
    "recursion": """
        def f(n=6):
            def fib(k): return k if k < 2 else fib(k - 1) + fib(k - 2)
            return fib(n)
    """,
    "arguments of all kinds": """
        def f():
            def g(a, /, b, *c, d, e=5, **h): return a, b, c, d, e, h
            return g(1, 2, 3, d=4), g(*[1, 2], **{'d': 3, 'z': 4}), g(1, b=2, d=3), g(1, *(2, 3), d=4, **{'e': 6})
    """,
    "wrong arguments": """
        def f():
            def g(a): pass
            g(1,
              2)
    """,
    "traceback lines": """
        def f(row=(1, 2)):
            total = 0
            for x in row:
                total += (
                    x
                    + row[x + 5]
                )
    """,
    "missing attribute": "def f():\n  x = 1\n  x.nothing(\n    2)",
    "missing global": "def f():\n  return (1 +\n    nothing)",
    "chained comparison": "def f(x=3): return 1 < x < 5 < len('123456'), 1 < x > 4, not 1 < x",
    "unpacking": "def f():\n  a, (b, *c), *d = 1, (2, 3), 5\n  x = [a]; x[0], x[1:] = 7, [8]\n  return a, b, c, d, x",
    "global import": "def f():\n  import os.path as p, sys\n  from json import dumps as d\n  return d([p.sep])",
    "lambda default": "def f(): return [(lambda x, i=i: x * i)(2) for i in range(3)]",
    "del": "def f():\n  x = {1: 2, 3: 4}; y = [1, 2, 3]\n  del x[1], y[0], y[1:]\n  del y[0]\n  return x, y",
}


@pytest.mark.parametrize("source", CONSTRUCTS.values(), ids=CONSTRUCTS.keys())
def test_rewritten_code_does_what_it_did(source: str) -> None:
    recorded(source)


NEW_CONSTRUCTS = {
    "type parameters": """
        def f():
            def first[T](row: list[T], default=1, *, other=2) -> T: return row[0], default, other
            class Box[T]:
                def get[U](self, value: U = 3) -> U: return value, T
            type Alias[T] = dict[str, T]
            return first([5]), Box[int]().get()[0], str(Alias.__name__)
    """,
    "bound type parameters": """
        def f():
            def decorate(g): return g
            @decorate
            def first[T: (int, str), *Ts, **P](x=1): return x
            @decorate
            class C[T](list): pass
            return first(), C([1])
    """,
}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a syntax of Python 3.12")
@pytest.mark.parametrize("source", NEW_CONSTRUCTS.values(), ids=NEW_CONSTRUCTS.keys())
def test_rewritten_code_with_type_parameters_does_what_it_did(source: str) -> None:
    recorded(source)


def test_a_loop_too_long_for_a_short_jump_works() -> None:
    body = "".join(f"    if n == {i}: box[{i}] = thing.x; continue\n" for i in range(400))
    recorder = recorded(f"def f(thing, box):\n  for n in range(0, 400, 7):\n{body}  return box", Thing(x=1), {})
    assert len(recorder.of("store_item")) == len(range(0, 400, 7))


def test_annotations_can_still_be_evaluated() -> None:
    function = compiled("def f():\n  def g(a: int, *b: str) -> list[int]: pass\n  return g.__annotations__")
    expected = function()
    rewritten(function, Recorder())
    assert function() == expected


OUTSIDE = [
    *("co_name", "co_qualname", "co_filename", "co_firstlineno", "co_flags", "co_names"),
    *("co_varnames", "co_cellvars", "co_freevars", "co_nlocals"),
    *("co_argcount", "co_posonlyargcount", "co_kwonlyargcount"),
]


@pytest.mark.parametrize("source", CONSTRUCTS.values(), ids=CONSTRUCTS.keys())
def test_rewritten_code_keeps_its_outside(source: str) -> None:
    function = compiled(source)
    before = function.__code__
    after = rewritten(function, Recorder()).code
    assert after is not before
    for attribute in OUTSIDE:
        assert getattr(after, attribute) == getattr(before, attribute)
    assert positions(after) == positions(before)
    assert function.__doc__ is None
