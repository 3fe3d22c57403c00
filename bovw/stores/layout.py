"""Where the files of a store lie, and which rows a shard has."""

import re

from .._validation import check_int
from ..errors import ParameterError

#: a note; and anything that belongs to a shard, finished or not
NOTE = re.compile(r"shard-(\d{6,})\.json")
OF_SHARD = re.compile(r"\.?shard-(\d{6,})\..*")
#: what a store has at its top, beside store.json
TOP = frozenset({"names.jsonl", "labels.npy", "classes.jsonl", "shards", "locks", "damaged", "codec"})


def create_lock(root):
    """The lock of who creates the store in the folder ``root``."""
    return root / "locks" / "create.lock"


class Layout:
    """Rows and paths of the shards of one store.

    Parameters
    ----------
    root : Path
    n_rows, rows_per_shard : int
    """

    def __init__(self, root, n_rows, rows_per_shard):
        self.root, self.n_rows, self.rows_per_shard = root, n_rows, rows_per_shard
        self.shards = root / "shards"

    @property
    def n_shards(self):
        """The number of shards, written or not."""
        return -(-self.n_rows // self.rows_per_shard)

    def range(self, shard):
        """The rows of a shard: (first, after the last)."""
        start = shard * self.rows_per_shard
        return start, min(start + self.rows_per_shard, self.n_rows)

    def shard_at(self, start):
        """The number of the shard whose first row is ``start``.

        Raises
        ------
        ParameterError
            If no shard begins there.
        """
        start = check_int("start", start, minimum=0)
        if start % self.rows_per_shard or start >= self.n_rows:
            raise ParameterError(
                f"start={start} is not the first row of a shard of {self.root}; shards begin at multiples of "
                f"{self.rows_per_shard} below {self.n_rows}"
            )
        return start // self.rows_per_shard

    def spans(self, start, stop):
        """The pieces of the rows start:stop, shard by shard: (shard, first, last), rows counted in the shard."""
        if not 0 <= start <= stop <= self.n_rows:
            raise ParameterError(f"rows {start}:{stop} are not within the {self.n_rows} rows of {self.root}")
        while start < stop:
            shard, first = divmod(start, self.rows_per_shard)
            last = min(self.rows_per_shard, first + stop - start)
            yield shard, first, last
            start += last - first

    def title(self, shard):
        """What messages call a shard."""
        start, stop = self.range(shard)
        return f"shard {shard} (rows {start}-{stop - 1})"

    def note(self, shard):
        """The path of the note of a shard."""
        return self.shards / f"{_stem(shard)}.json"

    def array(self, shard, name):
        """The path of one of the arrays of a shard."""
        return self.shards / f"{_stem(shard)}.{name}.npy"

    def lock(self, shard):
        """The path of the lock of who is at a shard."""
        return self.root / "locks" / f"{_stem(shard)}.lock"

    def unnoted(self, shard):
        """Files of a shard that are left of a write that was not finished, if the shard has no note."""
        return [*self.shards.glob(f".{_stem(shard)}.*.part"), *self.shards.glob(f"{_stem(shard)}.*.npy")]


def _stem(shard):
    return f"shard-{shard:06d}"
