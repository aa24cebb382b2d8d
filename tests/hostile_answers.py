"""Code that means harm, for tests/test_grading_hostile.py: what it costs is in the dict's name.

Each stands in the answer cell of 90.1; `@answer@` is the right answer, and `each(do)` does
something with every file that is open.
"""

HANDLES = """
import json, os
def each(do):
    for handle in range(3, 99):
        try:
            do(handle)
        except OSError:
            pass
"""

# What stands before a right answer: it costs nothing at all.
COSTS_NOTHING = {
    "setup-names-replaced": """
flights = pd = plt = data = 5
""",
    "parameter-replaced": """
PLANES, before = 0, PLANES
PLANES = before
""",
    "pythons-names-replaced": """
len = sum = print = list = dict = range = isinstance = 5
""",
    "checks-replaced": """
check = hint = check_notebook = lambda *a, **k: None
""",
    "package-replaced": """
import sys, types
for name in [n for n in sys.modules if n[:8] == 'belgrade']:
    sys.modules[name] = types.ModuleType(name)
""",
    "modules-gone": """
import sys
for name in ('pandas', 'matplotlib', 'matplotlib.pyplot', 'json'):
    sys.modules[name] = None
""",
    "no-imports": """
import sys
sys.meta_path.clear()
sys.path.clear()
sys.path_hooks.clear()
""",
    "os-replaced": """
import os
os.write = os.read = os._exit = os.fork = os.kill = None
""",
    "pandas-taken-apart": """
import pandas as pd
pd.DataFrame.plot = pd.DataFrame.sort_values = None
pd.DataFrame.__getitem__ = lambda *a: 1 / 0
""",
    "pyplot-taken-apart": """
import matplotlib.pyplot as plt
plt.subplots = plt.figure = plt.close = None
""",
    "pyplot-by-another-name": """
import matplotlib.pyplot as plt
same, Frame = plt, pd.DataFrame
same.subplots = None
Frame.columns = None
[plt][0].figure = None
""",
    "another-backend": """
import matplotlib
matplotlib.use('svg')
matplotlib.rcParams['font.size'] = 99
""",
    "warnings-are-errors": """
import warnings
warnings.simplefilter('error')
""",
    "streams-closed": """
import sys
sys.stdout.close()
sys.stderr = None
""",
    "streams-replaced": """
import sys
sys.stdout = sys.stderr = sys.stdin = open('/dev/null', 'w')
""",
    "no-environment": """
import os
os.environ.clear()
os.umask(0o777)
""",
    "folder-gone": """
import os, shutil
os.chdir('/')
shutil.rmtree('/scratch', ignore_errors=True)
""",
    "hooks-that-fail": """
def bad(*a):
    raise RuntimeError
for event in ('pre_execute', 'post_execute', 'pre_run_cell', 'post_run_cell'):
    get_ipython().events.register(event, bad)
""",
    "handlers-that-wait": """
import atexit, signal, time
atexit.register(time.sleep, 99)
for n in (1, 10, 12, 15, 17):
    signal.signal(n, lambda *a: time.sleep(99))
""",
    "daemon-that-stops-others": """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    for n in range(1, 65):
        try:
            signal.signal(n, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    if os.fork() == 0:
        me = os.getppid(), os.getpid()
        time.sleep(0.3)
        while True:
            for pid in range(3, 60):
                try:
                    pid in me or os.kill(pid, 9)
                except OSError:
                    pass
    os._exit(0)
""",
    "others-limits": """
import resource
for pid in [*range(1, 2), *range(3, 30)]:
    for kind in range(10):
        try:
            resource.prlimit(pid, kind, (0, 0))
        except (OSError, ValueError):
            pass
""",
    "others-turn": """
import os
for pid in (1, 0):
    for what in (lambda: os.setpriority(os.PRIO_PROCESS, pid, 19),
                 lambda: os.setpriority(os.PRIO_USER, 0, 19),
                 lambda: os.sched_setaffinity(pid, {0}),
                 lambda: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))):
        try:
            what()
            print('GOT')
        except OSError:
            pass
""",
    "stops-everything": """
import os, signal
for target in (1, -1):
    try:
        os.kill(target, signal.SIGSTOP)
    except OSError:
        pass
""",
    "full-folder": """
for place in ('/scratch/a', '/dev/shm/a', '/tmp/b'):
    try:
        with open(place, 'wb') as file:
            while True:
                file.write(bytes(2**20))
    except OSError:
        pass
""",
    "many-children": """
import os
for _ in range(300):
    try:
        if os.fork() == 0:
            os._exit(0)
    except OSError:
        break
""",
    "removes-everything": """
!rm -rf /etc /box /scratch 2>/dev/null
!ls /
""",
    "pip": """
%pip --version
""",
    "await": """
import asyncio
await asyncio.sleep(0)
left = asyncio.ensure_future(asyncio.sleep(99))
""",
    "odd-magics": """
%matplotlib inline
%config InlineBackend.figure_format = 'svg'
%time 1
%precision 2
%load_ext autoreload
%autoreload 2
""",
    "asks-the-shell": """
shell = get_ipython()
shell.autoawait = False
shell.ast_node_interactivity = 'all'
shell.display_formatter.active_types = []
shell.user_ns.pop('_', None)
""",
    "displays-a-lot": """
from IPython.display import clear_output, display
for n in range(2000):
    shown = display(n, display_id='x')
    clear_output()
""",
    "foreign-handles": """
import socket
with open('/dev/null') as nothing:
    def send(n):
        one = socket.socket(fileno=os.dup(n))
        socket.send_fds(one, [b'\\n'], [nothing.fileno()])
    each(send)
""",
    "lines-of-others": """
for n in [*range(50, 99), 'x', None, [], 10**30, 1.5, -1]:
    answer = {'question': '90.1', 'answer': {'type': 'number', 'value': 7}}
    line = json.dumps({'id': n, 'answer': answer, 'shown': [[]], 'notes': {'a': 1}})
    each(lambda h: os.write(h, line.encode() + b'\\n'))
for line in b'[' * 100_000, b'{', b'null', b'\\xff\\xfe':
    each(lambda h: os.write(h, line + b'\\n'))
for n in range(9):
    each(lambda h: os.write(h, b'{"ended": %d}\\n{"failed": "x"}\\n' % n))
""",
}
# What costs its own question only, by the status it gets and words of its message.
COSTS_ITS_OWN = {
    ("any", ""): {
        "python-emptied": """
import builtins
for name in list(vars(builtins)):
    delattr(builtins, name)
""",
        "names-deleted": """
for name in [n for n in globals() if n[0] != '_']:
    del globals()[name]
""",
        "no-more-imports": """
import builtins
@answer@
builtins.__import__ = None
""",
        "numpy-replaced": """
import numpy as np
np.ndarray = np.array = np.generic = None
@answer@
""",
        "no-recursion": """
import sys
@answer@
sys.setrecursionlimit(40)
""",
        "trace-that-fails": """
import sys
@answer@
sys.settrace(lambda *a: 1 / 0)
sys.setprofile(lambda *a: 1 / 0)
""",
        "hooks-gone": """
import sys
sys.excepthook = sys.displayhook = sys.unraisablehook = None
@answer@
""",
        "hook-that-waits-before": """
import time
get_ipython().events.register('pre_run_cell', lambda *a: time.sleep(100))
@answer@
""",
        "hook-that-waits-after": """
import time
get_ipython().events.register('post_run_cell', lambda *a: time.sleep(100))
@answer@
""",
        "alarm": """
import signal
@answer@
signal.setitimer(signal.ITIMER_REAL, 0.001)
""",
        "child-that-kills": """
import os, time
@answer@
if os.fork() == 0:
    time.sleep(0.01)
    while True:
        for pid in range(1, 60):
            try:
                os.kill(pid, 9)
            except OSError:
                pass
""",
        "no-more-limits": """
import resource
@answer@
for kind in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE,
             resource.RLIMIT_FSIZE, resource.RLIMIT_STACK, resource.RLIMIT_CPU):
    resource.setrlimit(kind, (0, 0))
""",
        "all-handles": """
kept = []
try:
    while True:
        kept.append(open('/dev/null'))
except OSError:
    pass
@answer@
""",
        "hoard-that-stays": """
@answer@
hoard = []
try:
    while True:
        hoard.append(bytearray(2**20))
except MemoryError:
    pass
""",
        "line-without-end": """
each(lambda h: os.write(h, b'x' * 1000))
@answer@
""",
        "fifty-megabytes-to-all": """
def pour(h):
    for _ in range(800):
        os.write(h, bytes(2**16))
each(pour)
@answer@
""",
        "steals-requests": """
@answer@
import threading
def steal(h):
    while os.read(h, 1):
        pass
for h in range(3, 20):
    threading.Thread(target=each, args=(lambda _, h=h: steal(h),), daemon=True).start()
""",
        "hangs-up": """
import socket
each(lambda h: socket.socket(fileno=os.dup(h)).shutdown(2))
@answer@
""",
        "debugger": """
breakpoint()
@answer@
""",
    },
    ("error", ""): {
        "json-replaced": """
import json
json.dumps = json.loads = lambda *a, **k: '{}'
@answer@
""",
        "sockets-replaced": """
import socket
socket.socket.sendall = lambda *a: None
@answer@
""",
        "answer-that-waits": """
import numbers, time
class Lazy:
    def __float__(self):
        time.sleep(99)
numbers.Real.register(Lazy)
per_million = Lazy()
""",
        "answer-that-exits": """
import numbers, os
class Bad:
    def __float__(self):
        os._exit(0)
numbers.Real.register(Bad)
per_million = Bad()
""",
        "answer-that-raises": """
import numbers
class Bad:
    def __float__(self):
        raise SystemExit
numbers.Real.register(Bad)
per_million = Bad()
""",
        "unknown-magic": """
%%nonsense
@answer@
""",
        "resets": """
@answer@
%reset -f
""",
        "no-kernel-here": """
get_ipython().kernel.do_shutdown(True)
""",
    },
    ("error", "divided by 0"): {
        "rewrites-later-cells": """
get_ipython().input_transformers_cleanup.append(lambda lines: ['1 / 0\\n'])
@answer@
""",
    },
    ("error", "No answer came back"): {
        "rewrites-later-trees": """
import ast
class Empty(ast.NodeTransformer):
    def visit_Expr(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(Empty())
@answer@
""",
    },
    ("error", "No answer"): {
        "publishes-nothing": """
get_ipython().display_pub.publish = lambda *a, **k: None
@answer@
""",
    },
    ("error", "longer than"): {
        "stops-itself": """
import os
os.kill(os.getpid(), 19)
""",
        "drips": """
import threading, time
def drip():
    while True:
        time.sleep(0.3)
        each(lambda h: os.write(h, b'{"id": 0}\\n'))
threading.Thread(target=drip, daemon=True).start()
while True:
    try:
        time.sleep(99)
    except BaseException:
        pass
""",
        "waits-for-ever": """
import asyncio
await asyncio.sleep(99)
""",
        "shell-that-stays": """
!sleep @mark@
""",
    },
    ("not_yet", "you have 7"): {
        "answers-for-the-next-cell": """
for n in range(9):
    answer = {'question': '90.1', 'answer': {'type': 'number', 'value': 7}}
    line = json.dumps({'id': n, 'shown': 7, 'notes': 7, 'error': ['x'], 'answer': answer})
    each(lambda h: os.write(h, line.encode() + b'\\n'))
per_million = 7
""",
        "numbers-beyond-reading": """
each(lambda h: os.write(h, b'{"id": ' + b'9' * 9000 + b'}\\n'))
per_million = 7
""",
    },
    ("error", "ValueError"): {
        "half-letters": """
raise ValueError('\\ud800' * 9 + chr(0) + '\\x1b[31m')
""",
    },
    ("", ""): {
        "answer-without-end": """
def numbers():
    while True:
        yield 1
per_million = numbers()
""",
        "answer-within-itself": """
per_million = []
per_million.append(per_million)
""",
        "answer-of-many-digits": """
per_million = 10 ** 100_000
""",
        "answer-of-many-letters": """
per_million = 'x' * 10**8
""",
        "complex-answer": """
per_million = complex(1.58, 2)
""",
    },
    ("error", "ended the kernel"): {
        "kills-from-a-shell": """
!kill -9 $PPID
""",
    },
}
