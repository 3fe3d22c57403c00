"""Locks between processes that end with the process that holds them, however it ends."""

import contextlib
import os
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
    import msvcrt


@contextlib.contextmanager
def file_lock(path: str | os.PathLike, wait: bool = False):
    """Hold an exclusive lock, through a file that exists only while it is held.

    Parameters
    ----------
    path : path
        The lock file; its folder is made if need be.
    wait : bool, default False
        Wait until the present holder lets go, rather than give up at once.

    Yields
    ------
    bool
        True if the lock is ours until the block ends, False if somebody else holds it.

    Notes
    -----
    The lock is the operating system's (``flock``; on Windows a locked byte), not the
    file's existence: a process that is killed frees it, and a file that it leaves
    behind locks nothing. Two threads of one process exclude each other as two
    processes do. On a network file system the lock is as good as that system's
    ``flock``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        file = open(path, "a+b")
        try:
            held = _acquire(file, wait)
            # The last holder may have removed the file after we opened it: then this lock is on nothing.
            if not held or _is_at(file, path):
                break
        except BaseException:
            file.close()
            raise
        file.close()
    try:
        yield held
    finally:
        if held:
            with contextlib.suppress(OSError):  # Windows does not remove an open file
                path.unlink()
            _release(file)
        file.close()


def _is_at(file, path):
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


if fcntl is not None:

    def _acquire(file, wait):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def _release(file):
        fcntl.flock(file, fcntl.LOCK_UN)

else:

    def _acquire(file, wait):
        while True:
            file.seek(0)
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                return True
            except OSError:
                if not wait:
                    return False
                time.sleep(0.05)

    def _release(file):
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
