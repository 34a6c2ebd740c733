"""Random small programs under many schedules of their opcodes: what comes out is found where everything is proved."""

from __future__ import annotations

import linecache
import random
from itertools import count
from typing import Any

import pytest
import threads
from opcode_schedule import OpcodeSchedule

import racekit

PROGRAMS = 8
"""How many programs each test runs."""
SCHEDULES = 40
"""How many schedules of the oracle each program runs under, at most."""

HEAD = """
import itertools, operator
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce

class Holder:
    level = 0
    def __init__(self, *items): self.items = list(items); self.size = len(items)
    def __iter__(self): return iter(self.items)
    def __len__(self): return self.size
    def __getitem__(self, index): return self.items[index]
    def add(self, item): self.items.append(item); self.size += 1
    @property
    def last(self): return self.items[self.size - 1]
    @cached_property
    def total(self): return sum(self.items)

class Number:
    def __init__(self, value): self.value = value
    def __index__(self): return self.value
    def __bool__(self): return self.value > 1
    def __eq__(self, other): return self.value == int(other)
    def __lt__(self, other): return self.value < int(other)
    def __hash__(self): return 1
    def __int__(self): return self.value
    def __iadd__(self, other): self.value += int(other); return self
    def __repr__(self): return str(self.value)
    def __call__(self, *ignored): self.value += 1; return self.value
    def __enter__(self): self.value += 1; return self
    def __exit__(self, *ignored): self.value -= 1; return True

class Reader:
    def __init__(self): self.next = 0
    def __iter__(self): return self
    def __next__(self):
        if self.next > 2: raise StopIteration
        self.next += 1
        return self.next

@dataclass(order=True)
class Point:
    x: int = 0
    y: int = 0

def numbers():
    for number in 1, 2, 3: yield number

def shown(*values):
    return repr([
        sorted(vars(each).items()) if hasattr(each, "__dict__") else sorted(each) if type(each) is set
        else list(itertools.islice(each, 4)) if hasattr(each, "__next__") else each for each in values
    ])
"""

KINDS: dict[str, tuple[str, str, str]] = {
    "a list": (
        "x = [1, 2, 3]",
        "x[0]; x[-1]; x[1:]; len(x); 2 in x; list(x); sum(x); sorted(x, key=lambda i: -i); [*reversed(x)];"
        " x == [1, 2];"
        "[i for i in x]; list(map(str, x)); x.index(2); reduce(operator.add, x); list(zip(x, x)); '%s' % x; x * 2;"
        "list(itertools.product(x)); max(x, key=x.count); f'{x}'; (lambda *i: i)(*x); operator.itemgetter(0)(x)",
        "x.append(4); x.pop(); x[0] = 5; x[0] += 1; x += [4]; x *= 2; x[1:] = [7]; del x[0];"
        " x.sort(key=lambda i: -i);"
        "x.clear(); x[0], x[1] = x[1], x[0]; x[:] = (i + 1 for i in x); x.extend(i for i in (8, 9)); x.remove(2);"
        "list(map(x.append, [6, 7])); x.insert(0, x.pop()); x.reverse(); [x.append(i) for i in (1, 2)]",
    ),
    "a dict": (
        "x = {'a': 1, 'b': 2}",
        "x['a']; x.get('c'); len(x); 'c' in x; list(x); sorted(x.items()); {**x}; next(iter(x)); '{a}'.format(**x);"
        "max(x.values(), default=0); [*x.keys() & {'a'}]; sum(x.values()); '%(a)s' % x; list(map(x.get, 'abc'));"
        " x or 0;"
        "x == {'a': 1}; dict(zip(x, x.values())); [k for k in x if x[k] > 1]; list(reversed(x));"
        " dict(ChainMap({}, x))",
        "x['c'] = 3; x['a'] += 1; del x['b']; x.pop('a', 0); x.setdefault('c', 4); x.update(a=5); x.clear();"
        "x |= {'d': 1}; x['a'], x['b'] = x['b'], x['a']; operator.setitem(x, 'a', 6); list(map(x.pop, 'ab'));"
        "x.update((k, 0) for k in list(x)); x.setdefault('l', []).append(1); x.popitem(); x['c'] = len(x)",
    ),
    "an object": (
        "x = Holder(1, 2)",
        "list(x); [*x]; sum(x); len(x); x.last; 2 in x; x[0]; x.items; vars(x)['size']; getattr(x, 'more', 0);"
        " sorted(x);"
        "hasattr(x, 'more'); operator.attrgetter('size')(x); x.level; type(x).level; '{0.size}'.format(x); max(x);"
        "list(itertools.chain.from_iterable(i for i in [x])); dict(enumerate(x)); x.total; [i for i in x]",
        "x.add(3); x.size += 1; x.items = [9]; x.more = 1; del x.size; setattr(x, 'size', 0); x.level = 5;"
        " x.add(len(x));"
        "vars(x).update(size=1); x.items.append(4); x.items[0] = x.size; x.__dict__.pop('total', 0); x.size = x.last",
    ),
    "a number": (
        "x = Number(1); y = [1, 2, 3]",
        "bool(x); x == 1; x < 2; x in [1]; y[x]; y[x:]; y[:x]; x(); {x: 1}[x]; [x].index(x); list(range(x));"
        " int(x); [x];"
        "sorted([Number(1), x]); max([x, Number(1)]); list(map(x, y)); sorted(y, key=x); str([x]); 'x' * x; y.pop(x)",
        "x.value = 2; x += 1; y[x] = 5; del y[x]; y.insert(x, 0); y.append(x); y.sort(key=x); y.remove(x);"
        " x.value = len(y);"
        "y[x:] = [x]; y[:] = [7]; y += map(x, y[:1]); y.extend([x] * x); y[0] += x;"
        " y.clear()\nwith x: y.append(int(x))",
    ),
    "iterators": (
        "x = iter([1, 2, 3]); y = Reader(); z = numbers(); c = itertools.count()",
        "next(x, 0); next(y, 0); next(z, 0); next(c); list(zip(x, y)); list(zip(z, x)); list(itertools.islice(c, 2));"
        "sum(y); [*z]; list(map(lambda i, j: i, x, z)); sorted(y); 2 in x; next(filter(None, y), 0); [i for i in z];"
        "list(itertools.takewhile(lambda i: i < 2, c)); dict(zip(y, c)); max(z, default=0);"
        " tuple(itertools.chain(y, x))",
        "y.next = 0; next(x, 0); z.close(); next(c); next(y, 0); list(z); y.next += 1; [next(c), next(x, 0)];"
        " list(zip(x, z))",
    ),
    "other containers": (
        "x = deque([1, 2], 3); y = defaultdict(int); z = OrderedDict(a=1, b=2); c = Counter('ab'); s = {1};"
        " b = bytearray(b'a')",
        "list(x); x[0]; y['a']; list(z); c['a']; sorted(s); bytes(b); len(y); c.most_common(); s | {2}; b.decode();"
        "[*reversed(z)]; s == {1}; sum(c.values()); list(itertools.islice(x, 1)); b + b'b'; 2 in s; x + x;"
        " int(b, 16)",
        "x.append(3); x.appendleft(0); y['a'] += 1; z.move_to_end('a'); z.popitem(False); c.update('a'); s.add(2);"
        " s ^= {1};"
        "b.append(99); b += b'c'; x.rotate(); x.extend(i for i in (4, 5)); s.update(i for i in (3, 4));"
        " del c['a']; z['c'] = 0",
    ),
    "data classes": (
        "x = Point(); y = Point(0, 1); z = [[0, 1], [2]]",
        "x == y; x < y; repr(x); sorted([y, x]); max(x, y).y; z == [[0, 1], [2]]; str(z); sum(z, []); [*zip(*z)];"
        " max(z);"
        "[i for r in z for i in r]; list(map(sum, z)); [x] == [y]; [0, 1] in z; list(itertools.starmap(max, z));"
        " dict([z[0]])",
        "x.x = 1; y.y = 0; x.x, y.x = 2, 1; z[0].append(5); z[1] = [0]; z[0][0] += 1; z.sort(); x.y += 1;"
        " z.append(z.pop(0))",
    ),
    "variables": (
        "x = 0; y = [0]; memo = lru_cache(lambda i: (y.append(i), len(y))[1])",
        "x; (lambda: x)(); x + y[0]; [x for _ in y]; memo(1); memo(2); [memo(i) for i in (1, 2)]; (x, x);"
        " f'{x}{y}'; x or y;"
        "memo.cache_info().hits; list(map(memo, (1, 1)))",
        "x = 1; x += 1; y[0] = x; x, y[0] = y[0], x; memo.cache_clear(); x = len(y); y.append(x);"
        " y[0] += x\nfor x in y: pass",
    ),
}
READS = (
    "{0}",
    "{0}",
    "({0}, {0})",
    "[{0} for _ in (1,)]",
    "bool({0})",
    "str({0})",
    "(lambda: {0})()",
    "max([{0}], key=bool)",
)

numbers = count()


def random_program(seed: int) -> str:
    """The source of a program: two threads share things of one kind; the first tends to change them."""
    choice = random.Random(seed)
    kind = choice.choice(list(KINDS))
    setup, reads, writes = KINDS[kind]
    names = [each.partition(" = ")[0].strip() for each in setup.split(";")]
    lines = ["def body():", f"    {setup}", "    saw = [[], []]"]
    for thread in range(2):
        lines += [f"    def thread_{thread}():", f"        nonlocal {', '.join(names)}"]
        for _ in range(choice.choice((1, 1, 2))):
            if choice.random() < (0.8 if thread == 0 else 0.3):
                statement = choice.choice([each.strip() for each in writes.replace("\n", ";").split(";")])
            else:
                read = choice.choice([each.strip() for each in reads.split(";")])
                statement = f"saw[{thread}].append({choice.choice(READS).format(read)})"
            lines += ["        try:", f"            {statement}", "        except Exception as error:"]
            lines += [f"            saw[{thread}].append(type(error).__name__)"]
    state = [name for name in names if name != "memo"]
    return "\n".join((HEAD, *lines, "    run(thread_0, thread_1)", f"    return shown(saw, {', '.join(state)})"))


def loaded(source: str, filename: str) -> dict[str, Any]:
    linecache.cache[filename] = len(source), None, source.splitlines(True), filename
    namespace: dict[str, Any] = {"__name__": __name__, "__file__": __file__, "run": threads.run}
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)
    return namespace


def under_opcode_schedules(source: str, choice: random.Random) -> set[object]:
    """What comes out where the threads switch once, at any opcode, or a few times."""
    filename = f"<program {next(numbers)}>"
    namespace = loaded(source, filename)
    seen: set[object] = set()

    def outcome(schedule: OpcodeSchedule) -> None:
        namespace["run"] = schedule.run
        seen.add(namespace["body"]())

    for _ in range(2):  # in the first run, 3.13 may only find out that opcodes are to be told
        whole = OpcodeSchedule(filename)
        outcome(whole)
    once = [(first, (switch,)) for first in range(2) for switch in range(1, whole.opcodes + 1)]
    for first, switches in choice.sample(once, min(len(once), SCHEDULES // 2)):
        outcome(OpcodeSchedule(filename, first, switches))
    for _ in range(SCHEDULES // 2):
        near = choice.randint(1, whole.opcodes)
        outcome(OpcodeSchedule(filename, choice.randrange(2), {near, near + choice.randint(1, 20), near + 25}))
    return seen


@pytest.mark.parametrize("first", range(0, 128, PROGRAMS))
def test_what_opcode_schedules_bring_about_is_found_where_all_is_proved(first: int) -> None:
    proved = 0
    for seed in range(first, first + PROGRAMS):
        source = random_program(seed)
        body = loaded(source, f"<program {next(numbers)}>")["body"]
        found = racekit.explore(body, strategy="dpor", executions=100, stop_on_failure=False)
        if found.proved:
            proved += 1
            assert under_opcode_schedules(source, random.Random(seed)) <= set(found.outcomes), source.replace(HEAD, "")
    assert proved > PROGRAMS // 2
