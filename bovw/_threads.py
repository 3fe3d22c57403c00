"""The thread budget: workers times BLAS threads never exceed the cores.

Parallelism is over images and blocks, with joblib's threads: every kernel, the
image decoders and BLAS release the interpreter lock. Inside a worker BLAS and
OpenCV run on one thread each. A single worker is given the same limits, so the
number of workers never changes a bit of the result.
"""

import contextlib
import os
import sys
import threading

import joblib
import threadpoolctl

from ._validation import check_int
from .errors import ParameterError


def n_cores():
    """The number of processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def check_n_jobs(n_jobs):
    """Resolve ``n_jobs`` (None: 1; -1: all cores; -2: all but one ...) to a count of workers."""
    if n_jobs is None:
        return 1
    n_jobs = check_int("n_jobs", n_jobs)
    if n_jobs == 0:
        raise ParameterError("n_jobs=0 means no worker at all; use 1, or -1 for all cores")
    return n_jobs if n_jobs > 0 else max(1, n_cores() + 1 + n_jobs)


class _OpenCVThreads:
    """OpenCV's threads: one while any single-threaded block is open, as many as before outside of all."""

    def __init__(self):
        self.lock = threading.Lock()
        self.n_blocks = 0
        self.before = None  # how many there were; None while they are not limited

    def limit(self):
        opencv = sys.modules.get("cv2")
        with self.lock:
            if self.n_blocks and self.before is None and hasattr(opencv, "setNumThreads"):
                self.before = opencv.getNumThreads()
                opencv.setNumThreads(1)

    def enter(self):
        with self.lock:
            self.n_blocks += 1
        self.limit()

    def leave(self):
        with self.lock:
            self.n_blocks -= 1
            if self.n_blocks == 0 and self.before is not None:
                sys.modules["cv2"].setNumThreads(self.before)
                self.before = None


_opencv_threads = _OpenCVThreads()


def limit_opencv():
    """Limit OpenCV to one thread too if it was loaded inside a block of :func:`single_threaded`."""
    _opencv_threads.limit()


_libraries = (0, None)  # modules imported when the libraries with threads of their own were listed, and these


def _thread_pools():
    """The loaded libraries with threads, listed anew (at a millisecond or two) only after something was imported."""
    global _libraries
    if _libraries[0] != len(sys.modules):
        _libraries = (len(sys.modules), threadpoolctl.ThreadpoolController())
    return _libraries[1]


@contextlib.contextmanager
def single_threaded():
    """Limit BLAS and OpenCV to one thread inside the block; OpenCV is not loaded for that."""
    with _thread_pools().limit(limits=1):
        _opencv_threads.enter()
        try:
            yield
        finally:
            _opencv_threads.leave()


def map_in_order(function, items, n_jobs=None):
    """Yield ``function(item)`` for every item, in order, computed by ``n_jobs`` worker threads.

    ``items`` may be any iterable; about two items a worker are in flight.
    """
    n_jobs = check_n_jobs(n_jobs)
    with single_threaded():
        if n_jobs == 1:
            yield from map(function, items)
            return
        parallel = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator", pre_dispatch="2*n_jobs")
        yield from parallel(joblib.delayed(function)(item) for item in items)


def share_workers(estimator, n_jobs, verbose=False):
    """Give an estimator workers, and a progress report if ``verbose``, where it has none of its own; returns it."""
    parameters = estimator.get_params(deep=False)
    if parameters.get("n_jobs", 1) is None:
        estimator.set_params(n_jobs=n_jobs)
    if verbose and "verbose" in parameters:
        estimator.set_params(verbose=True)
    return estimator
