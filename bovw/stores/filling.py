"""Computing what a store misses, shard by shard, along with any other process that does the same."""

from .._progress import Progress
from ..errors import StoreError


def fill_store(store, compute, *, label, verbose=False):
    """Compute the shards that a store misses.

    Parameters
    ----------
    store : SignatureStore or DescriptorStore
    compute : callable (start, stop) -> (values, errors)
        ``errors`` maps rows of the store to messages.
    label : str
        What the progress is called.

    Raises
    ------
    StoreError
        If other processes are still at some shards when nothing else is left to do.
    """
    todo = store.missing()
    with Progress(label, store.n_rows, enabled=verbose) as progress:
        progress.update(store.n_rows - sum(stop - start for start, stop in todo))
        for start, stop in todo:
            with store.claim(start) as mine:
                if mine:
                    values, errors = compute(start, stop)
                    store.write(start, values, errors)
            progress.update(stop - start)
    left = store.missing()
    if left:
        raise StoreError(
            f"{store.path}: {len(left)} shards are being written by another process; run the same command again "
            "when it has ended"
        )
    return store
