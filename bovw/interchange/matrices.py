"""Any stored matrix, whatever its format: rows and, where the source knows them, labels."""

from pathlib import Path

import numpy as np
from scipy.sparse import vstack

from .._files import write_npy
from ..descriptors import DescriptorSet
from ..errors import ParameterError
from .imagenet_download import list_files, read_sbow, read_vldsift
from .libsvm import read_libsvm, write_libsvm
from .npy import read_npy
from .vecs import read_vecs, write_vecs

#: format -> function(path, X, y)
WRITERS = {
    "npy": lambda path, X, y: write_npy(path, _dense(X)),
    "libsvm": write_libsvm,
    "fvecs": lambda path, X, y: write_vecs(path, _dense(X)),
    "bvecs": lambda path, X, y: write_vecs(path, _dense(X)),
}


def read_matrix(source):
    """Read a matrix from a file or folder, told by its ending.

    Parameters
    ----------
    source : str or PathLike
        ``.npy``; ``.fvecs``, ``.bvecs``, ``.ivecs``; ``.libsvm``; ``.npz`` as
        ``DescriptorSet.save`` writes it, and ``.vldsift.mat``: all descriptors; ``.sbow.mat``,
        or a folder of them: the word counts of each image, labelled 1, 2, ... by file.

    Returns
    -------
    X : array or scipy.sparse.csr_array of shape (n, d)
    y : array of shape (n,), or None
    """
    path = Path(source)
    if path.is_dir():
        return _word_counts(list(list_files(path, ".sbow.mat").values()))
    if path.name.endswith(".sbow.mat"):
        return _word_counts([path])
    if path.name.endswith(".vldsift.mat"):
        return read_vldsift(path)[1].descriptors, None
    if path.suffix == ".npz":
        return DescriptorSet.load(path).descriptors, None
    if path.suffix == ".npy":
        return read_npy(path, mmap=True), None
    if path.suffix == ".libsvm":
        return read_libsvm(path)
    if path.suffix in (".fvecs", ".bvecs", ".ivecs"):
        return read_vecs(path), None
    raise ParameterError(
        f"{path}: of an unknown kind; .npy, .npz, .fvecs, .bvecs, .ivecs, .libsvm, .vldsift.mat, .sbow.mat and folders "
        "of .sbow.mat are read"
    )


def _word_counts(paths):
    parts = [read_sbow(path).histograms(sparse=True) for path in paths]
    return vstack(parts, format="csr"), np.repeat(np.arange(1, len(parts) + 1), [part.shape[0] for part in parts])


def _dense(X):
    return X if isinstance(X, np.ndarray) else X.toarray()
