"""The timing loop that all peers share, and the one line of JSON that each prints.

A repeat is at least 0.3 s of steps, or one step if that takes longer; before them come warm steps. The
figure is the median over the repeats of the mean step in each, so that the clock's own cost does not count.
"""
import json
import math
import resource
import statistics
import sys
import time


def measure(step, repeats=5, seconds=0.3, warm=0.5, run=None):
    """Median milliseconds of step(), or of one of the n steps that run(n) does (queues, lazy arrays)."""
    many = run or (lambda n: [step() for _ in range(n)])
    many(1)                                    # compiles, touches memory
    began, done = time.perf_counter(), 0
    while done < 2 or time.perf_counter() - began < warm:
        many(1)
        done += 1
        if time.perf_counter() - began > 8:
            break
    one = (time.perf_counter() - began) / done
    n = max(1, math.ceil(seconds / one))
    if one * n > 2:
        repeats = min(repeats, 3)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        many(n)
        times.append((time.perf_counter() - start) / n * 1e3)
    return statistics.median(times)


def report(framework, version, milliseconds, **more):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if sys.platform != "darwin":
        peak *= 1024
    print(json.dumps(dict(framework=framework, version=version, ms=milliseconds, peak_rss_mb=peak / 1e6, **more)))
