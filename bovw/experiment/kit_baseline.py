"""The baseline of the ILSVRC2010 development kit, from ``sbow`` files alone: no image is needed.

Counts of the 1000 words of the first 100 images of each synset, each image's counts scaled
to unit Euclidean length, and one linear SVM a synset against all others: squared hinge, C = 1,
no bias, which is LIBLINEAR with the kit's options (``-s 1``). The five best synsets of each
test image, in the challenge's form, are scored as the challenge scores. On the download itself
the kit's ``demo`` reports flat errors of 0.9101 at one guess and 0.8003 at five [1]_.

References
----------
.. [1] ILSVRC2010 development kit, ``readme.txt`` and ``demo/demo.m``.
.. [2] R.-E. Fan et al., "LIBLINEAR: a library for large linear classification", JMLR 2008.
"""

import re
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.sparse import vstack

from .._files import atomic_write, write_json
from .._progress import Progress
from .._threads import map_in_order
from .._validation import check_int, check_number
from ..classify import OneVsRestDual
from ..errors import DatasetError, ParameterError
from ..evaluation import evaluate_predictions, read_ground_truth, write_predictions
from ..interchange import list_files, read_sbow
from ..persist import save_model
from ..pooling import normalize
from ..taxonomy import Taxonomy
from .environment import describe_environment, peak_memory_mb

N_GUESSES = 5
PUBLISHED = {
    "flat": [0.9101, 0.8716, 0.8422, 0.8191, 0.8003],
    "hierarchical": [10.3468, 8.7489, 7.8510, 7.2221, 6.7695],
}

_ENDING = ".sbow.mat"
_NUMBERED = re.compile(r"(val|test)\.\d{4}", re.ASCII)
_GRAM_BYTES = 8e9  # above it the SVMs are solved on the sparse counts


class BagsOfWords(NamedTuple):
    """Counts of words.

    Attributes
    ----------
    counts : scipy.sparse.csr_array of shape (n, n_words), float32
    stems : list of str
        Names of the files without ending, in order: the synsets, for training.
    file : array of shape (n,), int64
        Which of ``stems`` each image is from.
    ids : list of str
        Names of the images.
    """

    counts: object
    stems: list
    file: np.ndarray
    ids: list


def read_bags(files, *, n_images=None, n_words=1000, n_jobs=None, verbose=False):
    """Word counts from ``sbow`` files.

    Parameters
    ----------
    files : dict of str to path
        As :func:`bovw.interchange.list_files` gives them.
    n_images : int, optional
        The first so many images of each file only.
    n_words : int, default 1000
    n_jobs : int, optional
        Worker threads.
    verbose : bool, default False

    Returns
    -------
    BagsOfWords
    """

    def read(path):
        words = read_sbow(path, n_images=n_images, n_words=n_words)
        return words.histograms(sparse=True), words.ids

    with Progress("words", len(files), unit="file", enabled=verbose) as progress:
        parts = list(progress.wrap(map_in_order(read, files.values(), n_jobs)))
    file = np.repeat(np.arange(len(parts)), [len(ids) for _, ids in parts])
    counts = vstack([counts for counts, _ in parts], format="csr")
    return BagsOfWords(counts, list(files), file, [image_id for _, ids in parts for image_id in ids])


def run_kit_baseline(
    data, out, *, test=None, truth=None, meta=None, n_images=100, n_words=1000, C=1.0, n_jobs=-1, verbose=False
):
    """Train and test the kit's baseline.

    Parameters
    ----------
    data : path
        A folder of ``<wnid>.sbow.mat``, or one that holds such a folder ``train`` and, with the
        test images, ``val``.
    out : path
        Gets ``predictions.txt`` and ``truth.txt`` (what ``bovw evaluate`` reads), ``classes.txt``
        (id and synset), ``images.txt``, ``metrics.json`` and the classifier in ``model``.
    test : path, optional
        Folder of the test files: ``<wnid>.sbow.mat``, or ``val.0001.sbow.mat`` and so on, whose
        synsets are in ``truth``. Default: ``data/val``, else the numbered files beside those for
        training.
    truth : path, optional
        The kit's ground truth, an id a line in the order of the images; needs ``meta``.
    meta : path, optional
        A development kit or its ``meta.mat``: predicted ids are the kit's, and the hierarchical
        errors are added. By default ids count the synsets in order of their names, from 1.
    n_images : int or None, default 100
        Images of each synset to train on, from the first; None: all.
    n_words : int, default 1000
    C : float, default 1.0
    n_jobs : int, default -1
        Worker threads. The result does not depend on it.
    verbose : bool, default False

    Returns
    -------
    dict
        What ``metrics.json`` holds: ``flat``, ``hierarchical`` and the rest of
        :func:`bovw.evaluate_predictions`, counts, seconds, environment.

    Raises
    ------
    DatasetError
        If files are missing or not sound, or synsets and truth do not fit together.

    Notes
    -----
    Up to 44,000 training images the SVMs are solved by :class:`bovw.OneVsRestDual` to a duality
    gap of 0.01 %; with more, whose Gram matrix would not fit into 8 GB, by LIBLINEAR itself,
    through scikit-learn, at its default tolerance. Both solve the same problem.

    ``published`` in the result is what the kit reports for the download; it compares with a run
    on the download only.
    """
    start, out = time.perf_counter(), Path(out)
    check_int("n_words", n_words, 1)
    if n_images is not None:
        check_int("n_images", n_images, 1)
    check_number("C", C, 0, exclusive=True)
    train_files, test_files = _find_files(Path(data), test)
    taxonomy = None if meta is None else Taxonomy.read(meta)
    id_of = _class_ids(train_files, taxonomy, meta)
    wanted = None if truth is None else _read_truth(truth, taxonomy)
    seconds = {}
    train = read_bags(train_files, n_images=n_images, n_words=n_words, n_jobs=n_jobs, verbose=verbose)
    held_out = read_bags(test_files, n_words=n_words, n_jobs=n_jobs, verbose=verbose)
    wanted = _truth(held_out, id_of, wanted, truth)
    seconds["read"] = time.perf_counter() - start
    model, seconds["train"] = _timed(train_svms, train.counts, _ids(train, id_of), C=C, n_jobs=n_jobs)
    guesses, seconds["test"] = _timed(model.predict_top_k, _normalized(held_out.counts), N_GUESSES)
    report = evaluate_predictions(wanted, guesses, taxonomy)
    out.mkdir(parents=True, exist_ok=True)
    write_predictions(out / "predictions.txt", guesses)
    _write_lines(out / "truth.txt", wanted)
    _write_lines(out / "images.txt", held_out.ids)
    _write_lines(out / "classes.txt", (f"{number} {wnid}" for wnid, number in id_of.items()))
    save_model(model, out / "model")
    metrics = {
        "name": "kit_baseline", **report, "n_classes": len(train_files), "n_train": len(train.ids),
        "n_test": len(held_out.ids), "n_words": n_words, "C": C, "published": PUBLISHED, "seconds": seconds,
        "peak_memory_mb": peak_memory_mb(), "environment": describe_environment(),
    }
    write_json(out / "metrics.json", metrics)
    return metrics


def train_svms(counts, labels, *, C=1.0, n_jobs=None):
    """One-vs-rest SVMs on word counts: each row to unit length, squared hinge, no bias.

    Parameters
    ----------
    counts : scipy.sparse array of shape (n, n_words)
    labels : array of shape (n,)
    C : float, default 1.0
    n_jobs : int, optional

    Returns
    -------
    OneVsRestDual
    """
    model = OneVsRestDual(C, loss="squared_hinge", fit_intercept=False, tol=1e-4, max_memory=_GRAM_BYTES, n_jobs=n_jobs)
    if 4 * counts.shape[0] ** 2 <= _GRAM_BYTES:
        return model.fit(_normalized(counts), labels)
    from sklearn.preprocessing import normalize as normalize_rows
    from sklearn.svm import LinearSVC

    solved = LinearSVC(C=C, loss="squared_hinge", dual=True, tol=0.1, fit_intercept=False, random_state=0)
    solved.fit(normalize_rows(counts), labels)
    model.classes_, model.n_features_in_, model.C_ = solved.classes_, counts.shape[1], float(C)
    model.coef_ = solved.coef_.astype(np.float32)
    model.intercept_ = np.zeros(len(model.coef_), np.float32)
    return model


def _normalized(counts):
    return normalize(counts.toarray(), ("l2",))


def _find_files(data, test):
    """The training and the test files."""
    if (data / "train").is_dir():
        train = list_files(data / "train", _ENDING)
        test = data / "val" if test is None else test
    else:
        train = list_files(data, _ENDING)
    beside = {stem: path for stem, path in train.items() if _NUMBERED.fullmatch(stem)}
    train = {stem: path for stem, path in train.items() if stem not in beside}
    if len(train) < 2:
        raise DatasetError(f"{data} has {len(train)} files {'<wnid>' + _ENDING}; at least 2 synsets are needed")
    if test is not None:
        return train, list_files(test, _ENDING)
    numbered = {stem: path for stem, path in beside.items() if stem.startswith("val.")} or beside
    if not numbered:
        raise DatasetError(f"{data} has no test files such as val.0001{_ENDING}; name their folder with test")
    return train, numbered


def _class_ids(wnids, taxonomy, meta):
    """{wnid: id} in order of the ids."""
    if taxonomy is None:
        return {wnid: i for i, wnid in enumerate(wnids, 1)}
    for wnid in wnids:
        if wnid not in taxonomy or not taxonomy[wnid].id:
            raise DatasetError(f"{wnid} is not a synset of {meta}; leave its file out, or run without meta")
    return dict(sorted(((wnid, taxonomy[wnid].id) for wnid in wnids), key=lambda pair: pair[1]))


def _ids(bags, id_of):
    return np.array([id_of[stem] for stem in bags.stems])[bags.file]


def _read_truth(path, taxonomy):
    if taxonomy is None:
        raise ParameterError("truth is given without meta; a kit's meta.mat says what its ids mean")
    return read_ground_truth(path).labels


def _truth(bags, id_of, wanted, path):
    """The id of each test image, from ``wanted`` or else from the names of the files."""
    if wanted is not None:
        if len(wanted) != len(bags.ids):
            raise DatasetError(f"{path} has {len(wanted)} lines for {len(bags.ids)} test images")
        return wanted
    for stem in bags.stems:
        if _NUMBERED.fullmatch(stem):
            raise DatasetError(f"{stem}{_ENDING} does not say its synsets; give the truth and the kit's meta.mat")
        if stem not in id_of:
            raise DatasetError(f"{stem}{_ENDING} is a test file of a synset without training file")
    return _ids(bags, id_of)


def _timed(function, *args, **kwargs):
    start = time.perf_counter()
    return function(*args, **kwargs), time.perf_counter() - start


def _write_lines(path, lines):
    with atomic_write(path, "w") as file:
        file.writelines(f"{line}\n" for line in lines)
