"""What is wrong with a store, byte by byte, and moving it aside."""

import contextlib

from .._locks import file_lock
from .layout import NOTE, OF_SHARD, create_lock
from .records import file_problem


def find_problems(layout, notes, files):
    """Everything that is wrong with a store: (shard or None, paths to move aside, message).

    Parameters
    ----------
    layout : Layout
    notes : ShardNotes
    files : dict of str to record
        Of the manifest.
    """
    root = layout.root
    for name, record in files.items():
        problem = file_problem(root, root / name, record, deep=True)
        if problem:
            yield None, [root / name], problem
    with file_lock(create_lock(root)) as idle:
        for path in sorted(root.glob(".*.part")) if idle else ():
            yield None, [path], f"{path.name} left by a write that was not finished"
    with_note, with_files = set(), {}
    for path in sorted(layout.shards.glob("*")):
        match = OF_SHARD.fullmatch(path.name)
        if not match or not 0 <= int(match[1]) < layout.n_shards:
            yield None, [path], f"shards/{path.name} is no file of this store"
        elif NOTE.fullmatch(path.name):
            with_note.add(int(match[1]))
        else:
            with_files.setdefault(int(match[1]), []).append(path)
    for shard in sorted(with_note | with_files.keys()):
        paths = with_files.get(shard, [])
        if shard in with_note:
            note, problem = notes.read(shard, deep=True)
            if problem:
                yield shard, [layout.note(shard), *paths], f"{layout.title(shard)}: {problem}"
                continue
            paths = [path for path in paths if path.name not in note["files"]]
        with file_lock(layout.lock(shard)) as idle:
            paths = [path for path in paths if idle and path.exists()]
            if paths and (shard in with_note) == layout.note(shard).exists():
                names = ", ".join(path.name for path in paths)
                yield shard, paths, f"{layout.title(shard)}: {names} left by a write that was not finished"


def move_aside(layout, problems):
    """Move the files of problems to ``damaged/``, but of shards that somebody is at; returns their names."""
    moved = []
    for shard, paths, _ in problems:
        lock = contextlib.nullcontext(True) if shard is None else file_lock(layout.lock(shard))
        with lock as idle:
            if idle:
                moved += move_files(layout.root, paths)
    return moved


def move_files(root, paths):
    """Move files of the store in ``root`` to its ``damaged/``, those that are there; returns their names."""
    moved = []
    for path in paths:
        if path.exists():
            target = root / "damaged" / path.name
            for number in range(1, 10**6):
                if not target.exists():
                    break
                target = root / "damaged" / f"{path.name}.{number}"
            target.parent.mkdir(exist_ok=True)
            path.rename(target)
            moved.append(path.relative_to(root).as_posix())
    return moved
