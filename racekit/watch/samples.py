"""A sample of every construct, for the canary: what each does when it runs, and what it announces."""

from __future__ import annotations

from typing import NamedTuple


class Sample(NamedTuple):
    """The body of `f(thing, row, box)`, and what it announces, in order.

    It is called with an object named thing, with `[1, 2, 3]` and with `{'k': 1}`. What is announced is empty where
    versions differ rightly; what the body returns shall be what it returns as it stands.
    """

    name: str
    body: str
    announced: str = ""

    @property
    def source(self) -> str:
        return f"def f(thing, row, box):{self.body}"


SAMPLES = (
    Sample(
        "attributes",
        """
        thing.x = 1
        thing.x += 2
        del thing.y
        return thing.x
        """,
        "store_attribute x thing, load_attribute x thing, store_attribute x thing, delete_attribute y thing, "
        "load_attribute x thing",
    ),
    Sample(
        "globals",
        """
        global g
        g = 1
        g += 1
        n = g
        del g
        return n
        """,
        "store_global g, load_global g, store_global g, load_global g, delete_global g",
    ),
    Sample(
        "closures",
        """
        n = 0
        def add():
            nonlocal n
            n += 1
        add()
        return n
        """,
        "store_cell n cell, call add, load_cell n cell, store_cell n cell, load_cell n cell",
    ),
    Sample(
        "items",
        """
        row[0] = 5
        box['k'] += row[1]
        del row[1]
        return row, box, 7 in row, 'k' not in box
        """,
        "store_item [1, 2, 3] 0, load_item {'k': 1} 'k', load_item [5, 2, 3] 1, operate_in_place 1 2, "
        "store_item {'k': 1} 'k', "
        "delete_item [5, 2, 3] 1, contains [5, 3] 7, contains {'k': 3} 'k'",
    ),
    Sample(
        "slices",
        """
        row[1:] = row[:2]
        del row[:1]
        return row[::-1]
        """,
        "load_item [1, 2, 3] slice(None, 2, None), unpack [1, 2], store_item [1, 2, 3] slice(1, None, None), "
        "delete_item [1, 1, 2] slice(None, 1, None), load_item [1, 2] slice(None, None, -1)",
    ),
    Sample(
        "loops",
        """
        n = 0
        for x in row:
            n += x
        while True:
            n -= 1
            if n < 5:
                return n
        """,
        "iterate [1, 2, 3], advance, operate_in_place 0 1, loop, advance, operate_in_place 1 2, loop, advance, "
        "operate_in_place 3 3, loop, advance, loop",
    ),
    Sample(
        "unpacking",
        """
        a, *b = row
        c, d = b
        return a, b, c, d, [0, *row], {**box}
        """,
        "unpack [1, 2, 3], unpack [2, 3], unpack [1, 2, 3], unpack {'k': 1}",
    ),
    Sample(
        "truth",
        """
        if row and not box:
            return 1
        return 2
        """,
        "truth [1, 2, 3], truth {'k': 1}",
    ),
    Sample(
        "operators",
        """
        more = row + row
        row += more[:1]
        n = 3
        return more, row == more, row, -n, n + 2, n * 2, f"{row}"
        """,
        "operate [1, 2, 3] [1, 2, 3], load_item [1, 2, 3, 1, 2, 3] slice(None, 1, None), "
        "operate_in_place [1, 2, 3] [1], compare [1, 2, 3, 1] [1, 2, 3, 1, 2, 3], operand 3, show [1, 2, 3, 1]",
    ),
    Sample(
        "namespaces",
        """
        thing.__dict__['z'] = 1
        return thing.z
        """,
        "namespace thing, load_attribute __dict__ thing, store_item {'y': 0} 'z', load_attribute z thing",
    ),
    Sample(
        "calls",
        """
        def g(*a, **k): return a, k
        return g(), g(row, 2), g(b=box), thing.same(3), g(*row, **box), g(1, *row, z=4)
        """,
        "call g, call_many g tuple, call_with g {'k': 1}, load_attribute same thing, call_with same 3, "
        "unpack {'k': 1}, call_unpacked g, unpack [1, 2, 3], call_unpacked g",
    ),
    Sample(
        "decorators",
        """
        @thing.same
        @thing.same
        def g(): return 1
        return g()
        """,
        "load_attribute same thing, load_attribute same thing, call_with same g, call_with same g, call g",
    ),
    Sample(
        "with",
        """
        with thing as a, thing as b:
            row.append(a is b)
            raise KeyError(1)
        return row
        """,
        "load_attribute append [1, 2, 3], call_with append True, load_global KeyError, call_with KeyError 1, "
        "truth True",
    ),
    Sample(
        "try",
        """
        try:
            try:
                box['q']
            except KeyError as e:
                raise ValueError(str(e)) from e
            finally:
                row.append(4)
        except ValueError as e:
            return str(e), row, e.__cause__.__traceback__.tb_lineno
        """,
    ),
    Sample(
        "an exception that is not caught",
        """
        row[0]
        return (row
            [1]
            [2])
        """,
    ),
    Sample(
        "exception groups",
        """
        try:
            raise ExceptionGroup('g', [ValueError(1), KeyError(2)])
        except* ValueError as e:
            row.append(str(e.exceptions))
        except* KeyError:
            row.append('k')
        return row
        """,
    ),
    Sample(
        "match",
        """
        thing.x = 2
        for each in thing, row, box, 'text', 5:
            match each:
                case thing.__class__(x=2): row.append('thing')
                case [a, *b] if a: row.append((a, len(b)))
                case {'k': k, **r}: row.append((k, r))
                case str() | None: row.append('text')
                case _: return row
        """,
    ),
    Sample(
        "generators",
        """
        def g(n):
            while n:
                n = (yield n) or n - 1
            return 'end'
        h = g(5)
        yield next(h), h.send(2)
        yield (yield from g(2))
        yield from (x + 1 for x in row)
        """,
    ),
    Sample(
        "coroutines",
        """
        async def numbers(n):
            for i in range(n):
                yield i
        async def g():
            async with thing:
                async for x in numbers(2):
                    row.append(x)
                row.extend([y async for y in numbers(3) if y])
                raise KeyError
            return row
        return g()
        """,
    ),
    Sample(
        "comprehensions",
        """
        return [x * y for x in row for y in row if y], {x: [y for y in row] for x in row}, {*row}
        """,
    ),
    Sample(
        "classes",
        """
        class A(dict):
            k = row
            n = [x for x in k]
            def get(self, key): return super().get(key), __class__.__name__, self.n
        return A(box).get('k')
        """,
    ),
    Sample(
        "expressions",
        """
        return f'{(n := len(row)):>4} {n!r}', (lambda a, b=n: a < b <= 3)(1), *row, 1 if n else 2
        """,
    ),
)
