"""One classifier of a draw, from codebooks to test scores, every stage resumable.

Layout of a member's folder::

    member.json       fingerprint, times, skipped images; "done" once everything below is there
    model/            the fitted BovwClassifier
    scores.npy        of the test images, one column a class
    held_out.npy      out-of-fold scores of the training images, if they are wanted

and while it is under way also ``encoders/`` (fitted codebooks), ``signatures/`` and ``scores/`` (stores of training
signatures and of test scores) and ``training/`` (the checkpoint of a classifier that keeps one).
"""

import json
import shutil
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._files import remove_unfinished, sha256_file, write_json, write_npy
from ..errors import ModelFormatError
from ..persist import check_saveable, save_model
from ..pipeline import BovwClassifier, signatures_to_store
from ..stores import SignatureStore, fill_store
from .environment import peak_memory_mb

BLOCK_ROWS = 64


class MemberResult(NamedTuple):
    """What is left of a finished member."""

    model: BovwClassifier
    scores: np.ndarray
    held_out: np.ndarray | None
    #: messages of the test images that could not be read, by row
    errors: dict
    seconds: dict
    bytes_per_image: float
    #: largest resident size of the process that computed it, in MB; None where the system does not tell
    peak_memory_mb: float | None


class MemberRun:
    """Codebooks, training signatures, classifier and test scores of one :class:`BovwClassifier`.

    Parameters
    ----------
    folder : path
    key : str
        Fingerprint of everything the result depends on; what the folder holds under another is discarded.
    model : BovwClassifier
        Unfitted.
    images : sequence
        All images of the data set.
    names : sequence of str
        What messages call them.
    labels : array of str, or indicator matrix
        Class name of each image, or which classes it shows.
    train, test : int arrays
    classes : sequence of str or None
        Names of the columns of an indicator matrix.
    held_out : bool
        Whether out-of-fold scores of the training images are wanted.
    verbose : bool
    """

    def __init__(self, folder, key, model, images, names, labels, train, test, *, classes=None, held_out, verbose):
        self.folder, self.key, self.model = Path(folder), key, model
        self.images, self.names, self.labels, self.classes = images, names, labels, classes
        self.train, self.test, self.held_out, self.verbose = train, test, held_out, verbose
        self.note = {"fingerprint": key, "seconds": {}}

    def run(self):
        """Do what is not done yet, where :meth:`finished` found nothing; return a :class:`MemberResult`."""
        check_saveable(self.model)  # before the work
        self._forget_other_runs()
        model = self._stage_model("encoders", self._codebooks)
        model = self._stage_model("model", lambda: self._classifier(model))
        scores = self._scores(model)
        files = {"scores": write_npy(self.folder / "scores.npy", scores.read(0, len(scores)))}
        if (self.folder / "held_out.npy").exists():
            files["held_out"] = sha256_file(self.folder / "held_out.npy")
        errors = {str(row): text for row, text in scores.errors.items()}
        self._write(done=True, files=files, errors=errors, peak_memory_mb=peak_memory_mb())
        for name in ("scores", "encoders"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        return self.finished()

    def finished(self):
        """What an earlier :meth:`run` left, read and checked; None if there is nothing whole."""
        note = self._note()
        if not self._says_done(note):
            return None
        try:
            arrays = {name: self._array(name, digest) for name, digest in note["files"].items()}
            model = BovwClassifier.load(self.folder / "model")
        except (OSError, ValueError, KeyError, ModelFormatError):
            return None
        model.set_params(n_jobs=self.model.n_jobs, verbose=self.verbose)
        errors = {int(row): text for row, text in note["errors"].items()}
        return MemberResult(
            model, arrays["scores"], arrays.get("held_out"), errors, note["seconds"], note["bytes_per_image"],
            note.get("peak_memory_mb"),
        )

    def is_finished(self):
        """Whether an earlier :meth:`run` says that it came to its end; what it left is not read."""
        return self._says_done(self._note())

    def _note(self):
        """What ``member.json`` says, of whichever run; nothing if it cannot be read."""
        try:
            return json.loads((self.folder / "member.json").read_text())
        except (OSError, ValueError):
            return {}

    def _says_done(self, note):
        complete = not self.held_out or "held_out" in note.get("files", {})
        return note.get("fingerprint") == self.key and bool(note.get("done")) and complete

    def _array(self, name, digest):
        path = self.folder / f"{name}.npy"
        if sha256_file(path) != digest:
            raise ValueError(f"{path} was changed after it was written")
        return np.load(path, allow_pickle=False)

    def _forget_other_runs(self):
        known = self._note()
        if known.get("fingerprint") != self.key:
            shutil.rmtree(self.folder, ignore_errors=True)
            known = dict(self.note)
        self.note = known
        self._write(done=False)
        remove_unfinished(self.folder)

    def _write(self, **facts):
        self.note.update(facts)
        write_json(self.folder / "member.json", self.note)

    def _took(self, stage, seconds):
        self.note["seconds"][stage] = seconds
        self._write()

    def _stage_model(self, name, make):
        """The model saved under ``name`` if it is whole, else the one that ``make`` returns."""
        try:
            model = BovwClassifier.load(self.folder / name)
            return model.set_params(n_jobs=self.model.n_jobs, verbose=self.verbose)
        except ModelFormatError:
            shutil.rmtree(self.folder / name, ignore_errors=True)
        model = make()
        save_model(model, self.folder / name)
        return model

    def _codebooks(self):
        start = time.perf_counter()
        model = self.model.fit_encoders([self.images[i] for i in self.train])
        self._took("codebook", time.perf_counter() - start)
        return model

    def _classifier(self, model):
        quiet = model.set_params(verbose=False)
        signatures = self._signatures(quiet)
        self._write(bytes_per_image=signatures.bytes_per_image)
        skip = sorted(signatures.errors)
        start = time.perf_counter()
        labels = self.labels[self.train]
        learning = {"skip": skip, "classes": self.classes, "checkpoint": self.folder / "training"}
        if self.held_out:
            write_npy(self.folder / "held_out.npy", quiet.fit_classifier_out_of_fold(signatures, labels, **learning))
        else:
            quiet.fit_classifier(signatures, labels, **learning)
        self._took("classifier", time.perf_counter() - start)
        quiet.skipped_ = {self.names[self.train[row]]: text for row, text in sorted(signatures.errors.items())}
        for name in ("signatures", "training"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        return quiet

    def _signatures(self, model):
        """The training signatures as a complete store, compressed if the model has a codec."""

        def compute(rows):
            return self._timed("signatures", model.signatures_and_errors, self.train[rows])

        return signatures_to_store(
            self.folder / "signatures", len(self.train), model.signature_size, compute, fingerprint=self.key,
            codec=model.codec, label="training signatures", n_jobs=model.n_jobs, verbose=self.verbose,
        )

    def _scores(self, model):
        """The test scores as a complete store, ``BLOCK_ROWS`` images a shard."""
        model.set_params(verbose=False)
        store = SignatureStore.create(
            self.folder / "scores", len(self.test), len(model.classes_), fingerprint=self.key,
            rows_per_shard=BLOCK_ROWS,
        )

        def compute(start, stop):
            values, errors = self._timed("test", model.scores_and_errors, self.test[start:stop])
            return values, {start + i: message for i, message in errors.items()}

        return fill_store(store, compute, label="test scores", verbose=self.verbose)

    def _timed(self, stage, compute, rows):
        """``compute`` of the images ``rows``; its time is added to the stage's."""
        start = time.perf_counter()
        result = compute([self.images[i] for i in rows])
        self._took(stage, self.note["seconds"].get(stage, 0.0) + time.perf_counter() - start)
        return result
