"""``OneVsRestSGD``: linear classifiers of many classes on signatures that do not fit in memory.

``averaged_descent.py`` has the mathematics, ``blocks.py`` the order in which rows are read.
"""

from __future__ import annotations

import copy
import itertools
import math
import time
from collections.abc import Sequence
from os import PathLike
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from .._files import fingerprint
from .._parameters import Boolean, Choice, Integer, Number, Optional
from .._progress import Progress
from .._random import stage_rng
from .._threads import share_workers
from .._validation import check_int
from ..errors import ParameterError
from .averaged_descent import LOSSES, averaged_sgd
from .blocks import gather_rows
from .checkpoint import Checkpoint
from .contract import Source
from .cost import FitCost, Machine
from .machines import SHARED, ClassWeights, OneVsRestMachines, RandomState, linear_scores
from .samples import check_rows, check_source, training_rows

_MAX_BATCH = 512
_DIGEST_ROWS = 8


class OneVsRestSGD(OneVsRestMachines):
    """Linear classifiers by averaged SGD, all classes at once, read block by block.

    X may be a ``SignatureStore`` or any other object with ``shape`` and
    ``read(start, stop, out=None)``, a memory map of any numeric type, or an array; memory
    holds the weights, their average, and a few blocks of X, however many rows it has.

    Parameters
    ----------
    C : float > 0, or a sequence of them, default 1.0
        Cost of a unit of loss, as in :class:`OneVsRestDual`: lambda = 1 / (n C) for n
        training rows. See ``cv`` for a sequence.
    loss : {"hinge", "squared_hinge", "multinomial"}, default "hinge"
        One-vs-rest machines with either hinge, or one softmax over all classes, which needs
        one label a row.
    class_weight : None, "balanced", dict, float > 0, or a sequence of them, default None
        As in :class:`OneVsRestDual`; the multinomial loss has no problems to rebalance, and takes a dict only.
        See ``cv`` for a sequence.
    max_iter : int >= 1, default 20
        Epochs at most. On millions of rows 5 to 10 are usual, on a few thousand 20 to 50.
    early_stopping : bool, default False
        Hold rows out, look at the mean per-class accuracy (with an indicator matrix as labels,
        the mean average precision) on them after every epoch, and keep the weights of the best.
    validation_fraction : float in (0, 0.5], default 0.05
        Share of each class that is held out.
    n_iter_no_change : int >= 1, default 2
        Epochs without a better accuracy after which training ends.
    batch_size : int >= 1 or None, default None
        Rows a step. By default n / 64, at least 16 and at most 512.
    buffer_size : int >= 1, default 2048
        Rows that are shuffled together.
    read_rows : int >= 1, default 16
        Neighboring rows that are read, and enter the buffer, together. Raise it where random
        reads are slow; lower it to shuffle better a store that is sorted by class.
    eta0 : float > 0 or None, default None
        First step size; by default found on a sample of 2048 rows.
    class_block : int >= 1 or None, default None
        Train so many classes at a time, in epochs of their own, where weights and average of
        all do not fit in memory together. Not for the multinomial loss.
    cv : int >= 2, default 5
        Folds of the cross-validation that chooses among the values of ``C`` and ``class_weight``, if
        there are several: the pair of the best mean per-class accuracy (with an indicator matrix
        as labels, mean average precision) is taken, of several that tie the one of the smallest C,
        then class weight, and all rows are then trained on.
    cv_rows : int >= 2, default 20000
        Rows, drawn at random, that the cross-validation looks at.
    n_jobs : int or None, default None
        Worker threads (-1: all cores). Results do not depend on it.
    random_state : int, RandomState, Generator or None, default 0
        Seed of the order of rows, of the held-out rows, of the sample.
    verbose : bool, default False
        Show progress.

    Attributes
    ----------
    classes_, multilabel_, C_, class_weight_, cv_results_, coef_, intercept_, seed_
        As those of :class:`OneVsRestDual`.
    eta0_ : float
        First step size used.
    n_iter_ : int
        Epochs taken, by the class block that took most.
    loss_curves_ : list of arrays of shape (n_epochs,)
        For each class block the mean loss a row and problem in each epoch, measured on every
        batch before the step that it led to.
    validation_scores_ : list of arrays of shape (n_epochs,), or None
        For each class block the mean per-class accuracy, or the mean average precision, on the
        held-out rows after each epoch.
    n_features_in_ : int

    See Also
    --------
    OneVsRestDual : for up to some ten thousand images; certifies how near the optimum it is.

    Notes
    -----
    Memory, in bytes, for K classes (or ``class_block``) and d dimensions: 8 K d for weights
    and average, 4 K d more with ``early_stopping``, 4 d (``buffer_size`` + 3 ``batch_size``)
    for rows. While one batch is used, the next ones are read and decompressed in a thread.

    An array that is not float32, nor a memory map, is converted as a whole.

    The bias is not regularized; that of :class:`OneVsRestDual` is.

    With ``class_block`` the blocks can be trained by separate jobs: :meth:`fit_block` of each
    with one ``checkpoint`` folder, then :meth:`fit` with that folder, which finds them done.
    Without ``early_stopping`` a model does not depend on ``class_block``, but for the rounding
    of matrix products of another shape.

    References
    ----------
    L. Bottou, "Stochastic gradient descent tricks", LNCS 7700, 2012, section 5. W. Xu, "Towards optimal one
    pass large scale learning with averaged stochastic gradient descent", arXiv:1107.2490, algorithm 2. Z.
    Akata, F. Perronnin, Z. Harchaoui, C. Schmid, "Good practice in large-scale learning for image
    classification", PAMI 2014, section 3. Y. Lin et al., "Large-scale image classification", CVPR 2011, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from bovw.classify import OneVsRestSGD
    >>> y = np.tile(["cat", "dog", "owl"], 40)
    >>> centers = {"cat": [1, 0], "dog": [0, 1], "owl": [-1, -1]}
    >>> X = np.float32([centers[label] for label in y])
    >>> machine = OneVsRestSGD(loss="multinomial").fit(X, y, rows=range(100))
    >>> machine.predict_proba([[0.8, 0.3]]).round(1)
    array([[0.8, 0.2, 0. ]])
    """

    PARAMETERS = {
        "C": SHARED["C"], "loss": Choice(*LOSSES), "class_weight": SHARED["class_weight"], "max_iter": Integer(1),
        "early_stopping": Boolean(), "validation_fraction": Number(0, 0.5, exclusive=True),
        "n_iter_no_change": Integer(1), "batch_size": Optional(Integer(1)), "buffer_size": Integer(1),
        "read_rows": Integer(1), "eta0": Optional(Number(0, exclusive=True)), "class_block": Optional(Integer(1)),
        "cv": SHARED["cv"], "cv_rows": Integer(2), "n_jobs": SHARED["n_jobs"], "random_state": SHARED["random_state"],
        "verbose": Boolean(),
    }

    reads_blocks = True

    def __init__(
        self, C: float | Sequence[float] = 1.0, *, loss: str = "hinge", class_weight: ClassWeights = None,
        max_iter: int = 20, early_stopping: bool = False, validation_fraction: float = 0.05,
        n_iter_no_change: int = 2, batch_size: int | None = None, buffer_size: int = 2048, read_rows: int = 16,
        eta0: float | None = None, class_block: int | None = None, cv: int = 5, cv_rows: int = 20_000,
        n_jobs: int | None = None, random_state: RandomState = 0, verbose: bool = False,
    ):
        self.C = C
        self.loss = loss
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.batch_size = batch_size
        self.buffer_size = buffer_size
        self.read_rows = read_rows
        self.eta0 = eta0
        self.class_block = class_block
        self.cv = cv
        self.cv_rows = cv_rows
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @property
    def calibrated(self):
        return self.loss == "multinomial"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = not self.calibrated
        return tags

    def check_pairs(self):
        if self.loss != "multinomial":
            return
        if isinstance(self.checked("class_weight"), tuple):
            raise ParameterError(
                f"class_weight={self.class_weight!r} rebalances one-vs-rest problems; loss='multinomial' has none: "
                "give a dict"
            )
        if self.class_block is not None:
            raise ParameterError(
                f"class_block={self.class_block!r}: the classes of loss='multinomial' can only be trained together"
            )

    def fit(
        self, X: ArrayLike | Source, y: ArrayLike, sample_weight: ArrayLike | None = None,
        *, rows: ArrayLike | None = None, checkpoint: str | PathLike | None = None, checkpoint_every: float = 180.0,
    ) -> Self:
        """Train all classes; returns self.

        Parameters
        ----------
        X : SignatureStore or other source, memory map, or array-like, of shape (n, d)
        y, sample_weight, rows
            As in :meth:`OneVsRestDual.fit`.
        checkpoint : path, optional
            A folder for the state of the training. If it holds one of the same training,
            cut short by whatever, that is gone on with, and the result has the same bits as
            if it had never stopped. It is left there at the end, with the weights.
        checkpoint_every : float, default 180.0
            Seconds from one checkpoint to the next.

        Raises
        ------
        ParameterError
            If an argument is out of its range, X or y is malformed, or training diverges (``eta0`` too long).
        StoreError
            If the checkpoint is damaged or belongs to another training; the message says in what.
        """
        data = self._prepare(X, y, sample_weight, rows)
        self._choose(
            self._pairs(), lambda: data.folds(self.cv, self.cv_rows),
            lambda folds: self._held_out_quality(data, folds, checkpoint),
        )
        coef, intercept, solutions = self._machines(data, self.C_, self.class_weight_, checkpoint, checkpoint_every)
        if len(data.classes) == 2 and self.loss == "multinomial":
            coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
        self.classes_, self.multilabel_ = data.classes, data.multilabel
        self.coef_, self.intercept_ = coef, intercept
        self.eta0_ = solutions[0].eta0
        self.n_iter_ = max(solution.n_epochs for solution in solutions)
        self.loss_curves_ = [solution.losses for solution in solutions]
        scores = [solution.held_out_scores for solution in solutions]
        self.validation_scores_ = None if data.held_out is None else scores
        return self

    def fit_block(
        self, X: ArrayLike | Source, y: ArrayLike, block: int, sample_weight: ArrayLike | None = None,
        *, checkpoint: str | PathLike, rows: ArrayLike | None = None, checkpoint_every: float = 180.0,
    ) -> Self:
        """Train one block of classes and leave it in ``checkpoint`` for :meth:`fit` to find.

        Parameters
        ----------
        X, y, sample_weight, rows, checkpoint_every
            As in :meth:`fit`.
        block : int
            Number of the block, from 0; there are ceil(n_classes / ``class_block``).
        checkpoint : path
            The folder, shared by the jobs of all blocks.

        Returns
        -------
        self
            Not fitted, unless it was before.

        Raises
        ------
        ParameterError
            As :meth:`fit`; and if ``C`` or ``class_weight`` has several values.
        """
        data = self._prepare(X, y, sample_weight, rows)
        pairs = self._pairs()
        if len(pairs) > 1:
            raise ParameterError(
                f"C={self.C!r} and class_weight={self.class_weight!r} are {len(pairs)} pairs to choose from, which one "
                "block cannot; fit once, and give its C_ and class_weight_"
            )
        blocks, (C, class_weight) = self._blocks(data), pairs[0]
        check_int("block", block, 0, len(blocks) - 1)
        self._train(data, block, blocks[block], C, class_weight, checkpoint, checkpoint_every)
        return self

    def fit_cost(self, n: int, d: int, n_classes: int, machine: Machine) -> FitCost:
        """Images a second of an epoch of all classes, and of the cross-validation over C and ``class_weight``.

        Parameters and Returns are those of the base. Memory is weights, average, and blocks of rows.
        """
        few = 1024
        rng = np.random.default_rng(0)
        X = rng.standard_normal((few, d), dtype=np.float32)
        X /= np.linalg.norm(X, axis=1, keepdims=True)
        batch = self.batch_size or min(_MAX_BATCH, max(16, n // 64))
        trial = share_workers(clone(self), machine.cores)
        trial.set_params(C=1.0, class_weight=None, early_stopping=False, eta0=1.0, batch_size=min(batch, few))
        classes = min(n_classes, few)
        y = np.arange(few) % classes
        took = {}
        for epochs in (1, 1, 3):  # once to warm up; the difference leaves out what is done once, and averages
            start = time.perf_counter()
            trial.set_params(max_iter=epochs).fit(X, y)
            took[epochs] = time.perf_counter() - start
        per_row = max(0.1 * took[1], (took[3] - took[1]) / 2) / few * n_classes / classes
        per_row = (per_row + machine.decode / machine.cores) * machine.slower  # decoding has a thread of its own
        pairs = len(self._pairs())
        readings = n + (pairs > 1) * pairs * (self.cv - 1) * min(n, self.cv_rows)
        seconds = per_row * readings * self.max_iter
        return FitCost(
            seconds, 12.0 * n_classes * d + 16.0 * 1024 * d, 16.0 * n_classes * d,
            f"{1 / per_row:.0f} images/s an epoch", [("half as many epochs", seconds / 2)],
        )

    def decision_function(self, X: ArrayLike | Source, *, rows: ArrayLike | None = None) -> np.ndarray:
        check_is_fitted(self)
        source = check_source(self, X)
        rows = np.arange(source.shape[0]) if rows is None else check_rows(rows, source.shape[0])
        scores = linear_scores(source, rows, self.coef_, self.intercept_, self.n_jobs)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def _prepare(self, X, y, sample_weight, rows):
        """Check everything; the data of a training as a :class:`_TrainingData`."""
        self.check_params()
        source = check_source(self, X, reset=True)
        data = _TrainingData(self, source, training_rows(y, sample_weight, rows, source.shape[0]))
        if data.multilabel and self.loss == "multinomial":
            raise ParameterError("loss='multinomial' needs one label a row; use 'hinge' or 'squared_hinge'")
        return data

    def _blocks(self, data):
        """The classes, or for two of them the one problem, in the ranges that are trained together."""
        n_problems = len(data.classes) if self.loss == "multinomial" else data.n_problems
        size = n_problems if self.class_block is None else self.class_block
        return [range(start, min(start + size, n_problems)) for start in range(0, n_problems, size)]

    def _held_out_quality(self, data, folds, checkpoint):
        """How good each pair is on each fold, (n_pairs, n_folds)."""
        pairs = self._pairs()
        keeper = self._keeper(checkpoint, "choice", data, pairs=pairs, cv=self.cv, cv_rows=self.cv_rows)
        saved = None if keeper is None else keeper.load()
        scores = [] if saved is None else saved[0]["scores"]
        tasks = list(itertools.product(range(len(folds)), pairs))
        with Progress("choosing C and class_weight", len(tasks), unit="training", enabled=self.verbose) as progress:
            progress.update(len(scores))
            for fold, pair in tasks[len(scores) :]:
                others = np.sort(np.concatenate(folds[:fold] + folds[fold + 1 :]))
                coef, intercept, _ = self._machines(data.within(others), *pair, quiet=True)
                found = linear_scores(data.source, data.rows[folds[fold]], coef, intercept, self.n_jobs)
                scores.append(float(data.targets.quality(found.T, folds[fold])))
                if keeper is not None:
                    keeper.save({"scores": scores}, {})
                progress.update(1)
        return np.reshape(scores, (len(folds), len(pairs))).T

    def _machines(self, data, C, class_weight, checkpoint=None, checkpoint_every=0.0, quiet=False):
        """Weights and biases of all problems, and the solutions of their blocks without the weights."""
        blocks = self._blocks(data)
        coef = None if len(blocks) == 1 else np.empty((blocks[-1].stop, data.source.shape[1]), np.float32)
        intercept = np.empty(blocks[-1].stop, np.float32)
        solutions = []
        for number, block in enumerate(blocks):
            solution = self._train(data, number, block, C, class_weight, checkpoint, checkpoint_every, quiet)
            intercept[block.start : block.stop] = solution.intercept
            if coef is None:
                coef = solution.weights
            else:
                coef[block.start : block.stop] = solution.weights
            solutions.append(solution._replace(weights=None))
        return coef, intercept, solutions

    def _train(self, data, number, block, C, class_weight, checkpoint, checkpoint_every, quiet=False):
        n = int(data.used.sum())
        batch_size = min(_MAX_BATCH, max(16, n // 64)) if self.batch_size is None else self.batch_size
        keeper = self._keeper(
            checkpoint, f"block-{number:03d}", data, C=C, class_weight=class_weight, classes=[block.start, block.stop]
        )
        ratio = class_weight if isinstance(class_weight, float) else None  # a dict is in the weights of the rows
        return averaged_sgd(
            data.source, data.target, n_classes=len(data.classes), C=C, loss=self.loss, class_weight=ratio,
            sample_weight=data.weight, problems=slice(block.start, block.stop), used=data.used, held_out=data.held_out,
            eta0=self.eta0, max_iter=self.max_iter, patience=self.n_iter_no_change, batch_size=min(batch_size, n),
            buffer_size=self.buffer_size, read_rows=self.read_rows, seed=data.seed, n_jobs=self.n_jobs,
            checkpoint=keeper, checkpoint_every=checkpoint_every, verbose=self.verbose and not quiet,
        )

    def _keeper(self, checkpoint, name, data, **facts):
        """The checkpoint of this name in a folder, of this training and no other; None without a folder."""
        if checkpoint is None:
            return None
        if self.random_state is None:
            raise ParameterError("random_state=None cannot be resumed from a checkpoint; give a seed")
        apart = ("C", "class_weight", "cv", "cv_rows", "n_jobs", "verbose", "random_state")
        params = {name: value for name, value in self.get_params().items() if name not in apart}
        return Checkpoint(f"{checkpoint}/{name}", {**params, **facts, "seed": data.seed, **data.identity()})


class _TrainingData:
    """Source, class indices, and which rows are for training and which held out.

    Attributes
    ----------
    rows : array of int
        Of the source, ascending, that may be trained on; ``targets`` and places are of these.
    weight : array of shape (n,), float64, or None
        Of all rows of the source, the factor of the class included.
    used : array of shape (n,), bool
    held_out : array of int, or None
        Rows of the source, out of the used ones, that decide when to stop.
    """

    def __init__(self, estimator, source, data):
        self.source = source
        self.seed = estimator._draw_seed()
        self.fraction = estimator.validation_fraction if estimator.early_stopping else None
        n = source.shape[0]
        self.rows = np.arange(n) if data.rows is None else data.rows
        self.targets = data.targets
        weight = estimator._row_weights(data)
        self.weight = None
        if weight is not None:
            self.weight = np.zeros(n)
            self.weight[self.rows] = weight
        self.classes, self.n_problems = self.targets.classes, self.targets.n_problems
        self.multilabel = self.targets.multilabel
        shape = (n, self.n_problems) if self.multilabel else n
        self.target = np.full(shape, -1, np.int8 if self.multilabel else np.int64)
        self.target[self.rows] = self.targets.matrix if self.multilabel else self.targets.index
        self._divide(np.arange(len(self.rows)))

    def within(self, places):
        """The same data, of which only the rows in these places are for training."""
        part = copy.copy(self)
        part._divide(places)
        return part

    def folds(self, n_folds, n_rows):
        """Places in ``n_folds`` folds, ascending, of about ``n_rows`` rows in all."""
        folds = self.targets.folds(n_folds, self.seed)
        share = min(1.0, n_rows / len(self.rows))
        thin = stage_rng(self.seed, "sgd_cv_rows")
        return [np.sort(thin.permutation(fold)[: math.ceil(share * len(fold))]) for fold in folds]

    def _divide(self, places):
        self.used = np.zeros(self.source.shape[0], bool)
        self.used[self.rows[places]] = True
        self.held_out = None
        if self.fraction is not None:
            members = (self.rows[self.targets.members(k)] for k in range(len(self.classes)))
            self.held_out = self._hold_out([rows[self.used[rows]] for rows in members])
            self.used[self.held_out] = False

    def _hold_out(self, members_of_classes):
        """Rows drawn from every class of at least two, ascending."""
        chosen = []
        for k, members in enumerate(members_of_classes):
            count = min(len(members) - 1, math.ceil(self.fraction * len(members)))
            chosen.append(stage_rng(self.seed, "sgd_held_out", k).permutation(members)[: max(0, count)])
        chosen = np.unique(np.concatenate(chosen))
        if len(chosen) == 0:
            raise ParameterError(
                "every class has a single row, so none can be held out; turn early_stopping off"
            )
        return chosen

    def identity(self):
        """What a checkpoint knows of the data."""
        n = self.source.shape[0]
        some = np.unique(np.linspace(0, n - 1, _DIGEST_ROWS).astype(int))
        return {
            "data": fingerprint([
                list(map(int, self.source.shape)), getattr(self.source, "fingerprint", None),
                gather_rows(self.source, some),
            ]),
            "labels": fingerprint([
                self.classes.tolist(), self.target, self.used.view(np.uint8),
                *([] if self.weight is None else [self.weight]),
            ]),
        }
