"""Progress of long steps: a bar with rate and time left on a terminal, plain lines elsewhere."""

import sys
import time

import tqdm

from ._units import format_seconds


class Progress:
    """Counts the items of one step.

    On a terminal a tqdm bar with rate and time left is drawn on standard error.
    Elsewhere (a log file, a pipe) one line is printed at most every ``interval``
    seconds and one at the end.

    Parameters
    ----------
    label : str
        What the step is called.
    total : int, optional
        How many items there are.
    unit : str, default "image"
        What an item is, in the singular.
    enabled : bool, default True
        False prints nothing.
    interval : float, default 15.0
        Seconds between lines.
    file : text file, optional
        By default standard error.
    """

    def __init__(
        self, label: str, total: int | None = None, unit: str = "image", enabled: bool = True, interval: float = 15.0,
        file=None,
    ):
        self.label, self.total, self.unit = label, total, unit
        self.count = 0
        self._file = file if file is not None else sys.stderr
        self._enabled = enabled
        self._interval = interval
        self._bar = None
        self._start = self._last = time.perf_counter()

    def __enter__(self):
        if self._enabled and getattr(self._file, "isatty", lambda: False)():
            self._bar = tqdm.tqdm(
                total=self.total, desc=f"{self.label:<24}", unit=self.unit, file=self._file, dynamic_ncols=True,
                smoothing=0.1,
            )
        return self

    def update(self, n: int = 1) -> None:
        """Count ``n`` more items as done."""
        self.count += n
        if self._bar is not None:
            self._bar.update(n)
        elif self._enabled:
            now = time.perf_counter()
            if now - self._last >= self._interval:
                self._last = now
                self._line(now)

    def wrap(self, items):
        """Yield from ``items``, counting each."""
        for item in items:
            yield item
            self.update()

    def __exit__(self, kind, error, trace):
        if self._bar is not None:
            self._bar.close()
        elif self._enabled and kind is None:
            self._line(time.perf_counter(), done=True)

    def _line(self, now, done=False):
        elapsed = max(now - self._start, 1e-9)
        rate = self.count / elapsed
        of = f"/{self.total}" if self.total else ""
        text = f"{self.label}: {self.count}{of} {self.unit}s, {rate:.4g} {self.unit}s/s"
        if done:
            text += f", done in {format_seconds(elapsed)}"
        elif self.total and rate > 0:
            text += f", {format_seconds((self.total - self.count) / rate)} left"
        print(text, file=self._file, flush=True)
