"""``OneVsRestSGD``: linear classifiers of many classes on signatures that do not fit in memory.

``averaged_descent.py`` has the mathematics, ``blocks.py`` the order in which rows are read.
"""

import copy
import itertools
import math

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from .._files import fingerprint
from .._progress import Progress
from .._random import check_seed, stage_rng
from .._threads import check_n_jobs, map_in_order
from .._validation import check_bool, check_candidates, check_choice, check_int, check_number
from ..errors import ParameterError
from .averaged_descent import LOSSES, averaged_sgd
from .blocks import ArraySource, gather_rows, is_source
from .calibration import softmax
from .checkpoint import Checkpoint
from .kernels import row_products
from .ranking import RankingMixin, score_matrix
from .samples import check_signatures
from .targets import as_label_array, read_targets

_PREDICT_ROWS = 512
_MAX_BATCH = 512
_DIGEST_ROWS = 8


class OneVsRestSGD(RankingMixin, ClassifierMixin, BaseEstimator):
    """Linear classifiers by averaged SGD, all classes at once, read block by block.

    X may be a ``SignatureStore`` or any other object with ``shape`` and
    ``read(start, stop, out=None)``, a memory map of any numeric type, or an array; memory
    holds the weights, their average, and a few blocks of X, however many rows it has.

    Parameters
    ----------
    C : float or sequence of float, default 1.0
        Cost of a unit of loss, as in :class:`OneVsRestDual`: lambda = 1 / (n C) for n
        training rows. See ``cv`` for a sequence.
    loss : {"hinge", "squared_hinge", "multinomial"}
        One-vs-rest machines with either hinge, or one softmax over all classes, which needs
        one label a row.
    beta : float or sequence of float, optional
        Rebalancing of the one-vs-rest problems: the negatives of each weigh ``beta`` times
        as much as its positives in all; 1 is ``class_weight="balanced"`` of
        :class:`OneVsRestDual`. By default every row weighs the same. See ``cv`` for a sequence.
    max_iter : int, default 20
        Epochs at most. On millions of rows 5 to 10 are usual, on a few thousand 20 to 50.
    early_stopping : bool, default False
        Hold rows out, look at the mean per-class accuracy (with an indicator matrix as labels,
        the mean average precision) on them after every epoch, and keep the weights of the best.
    validation_fraction : float, default 0.05
        Share of each class that is held out.
    n_iter_no_change : int, default 2
        Epochs without a better accuracy after which training ends.
    batch_size : int, optional
        Rows a step. Default: n / 64, at least 16 and at most 512.
    buffer_size : int, default 2048
        Rows that are shuffled together.
    read_rows : int, default 16
        Neighboring rows that are read, and enter the buffer, together. Raise it where random
        reads are slow; lower it to shuffle better a store that is sorted by class.
    eta0 : float, optional
        First step size; by default found on a sample of 2048 rows.
    class_block : int, optional
        Train so many classes at a time, in epochs of their own, where weights and average of
        all do not fit in memory together. Not for the multinomial loss.
    cv : int, default 5
        Folds of the cross-validation that chooses among the values of ``C`` and ``beta``, if
        there are several: the pair of the best mean per-class accuracy (with an indicator matrix
        as labels, mean average precision) is taken, of several that tie the one of the smallest C,
        then beta, and all rows are then trained on.
    cv_rows : int, default 20,000
        Rows, drawn at random, that the cross-validation looks at.
    n_jobs : int, optional
        Worker threads (-1: all cores). Results do not depend on it.
    random_state : int, RandomState, Generator or None, default 0
        Seed of the order of rows, of the held-out rows, of the sample.
    verbose : bool, default False
        Show progress.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels, or the numbers of the columns of an indicator matrix.
    multilabel_ : bool
        Whether the labels were an indicator matrix.
    coef_ : array of shape (n_problems, d), float32
        ``n_problems`` is ``n_classes``, but 1 for two classes with one label a row (the second
        against the first).
    intercept_ : array of shape (n_problems,), float32
    C_, beta_ : float
        Those used; ``beta_`` is None if ``beta`` is.
    cv_results_ : dict or None
        Of each pair ``"C"`` and ``"beta"``, its ``"fold_scores"`` (n_pairs, cv), ``"mean_score"`` and
        ``"std_score"``; None if there was one pair only.
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
    L. Bottou, "Stochastic gradient descent tricks", LNCS 7700, 2012. W. Xu, "Towards optimal one
    pass large scale learning with averaged stochastic gradient descent", arXiv:1107.2490. Z. Akata,
    F. Perronnin, Z. Harchaoui, C. Schmid, "Good practice in large-scale learning for image
    classification", PAMI 2014. Y. Lin et al., "Large-scale image classification", CVPR 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from bovw.classify import OneVsRestSGD
    >>> X = np.float32([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [-1, -1], [-0.9, -1]])
    >>> machine = OneVsRestSGD(C=10.0).fit(X, ["cat", "cat", "dog", "dog", "owl", "owl"])
    >>> machine.predict_top_k([[0.8, 0.3]], k=2)
    array([['cat', 'dog']], dtype='<U3')
    """

    def __init__(
        self, C=1.0, *, loss="hinge", beta=None, max_iter=20, early_stopping=False, validation_fraction=0.05,
        n_iter_no_change=2, batch_size=None, buffer_size=2048, read_rows=16, eta0=None, class_block=None,
        cv=5, cv_rows=20_000, n_jobs=None, random_state=0, verbose=False,
    ):
        self.C = C
        self.loss = loss
        self.beta = beta
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self.loss != "multinomial"
        return tags

    def fit(self, X, y, *, rows=None, checkpoint=None, checkpoint_every=180.0):
        """Train all classes.

        Parameters
        ----------
        X : SignatureStore or other source, memory map, or array, of shape (n, d)
        y : array of shape (n,), or (n, n_classes)
            Labels of any sortable type, at least two different ones; or an indicator matrix of 1
            (shows the class), 0 (does not) and -1 (left out of the training of that class), see
            ``bovw.classify.targets``.
        rows : array of int, optional
            Train on these rows of X only; the labels of all others are not looked at.
        checkpoint : path, optional
            A folder for the state of the training. If it holds one of the same training,
            cut short by whatever, that is gone on with, and the result has the same bits as
            if it had never stopped. It is left there at the end, with the weights.
        checkpoint_every : float, default 180.0
            Seconds from one checkpoint to the next.

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If an argument is out of its range, X or y is malformed, or training diverges (``eta0`` too long).
        StoreError
            If the checkpoint is damaged or belongs to another training; the message says in what.
        """
        data = self._prepare(X, y, rows)
        self.C_, self.beta_, self.cv_results_ = self._choose(data, checkpoint)
        coef, intercept, solutions = self._machines(data, self.C_, self.beta_, checkpoint, checkpoint_every)
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

    def fit_block(self, X, y, block, *, checkpoint, rows=None, checkpoint_every=180.0):
        """Train one block of classes and leave it in ``checkpoint`` for :meth:`fit` to find.

        Parameters
        ----------
        X, y, rows, checkpoint_every
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
            As :meth:`fit`; and if ``C`` or ``beta`` has several values.
        """
        data = self._prepare(X, y, rows)
        pairs = self._pairs()
        if len(pairs) > 1:
            raise ParameterError(
                f"C={self.C!r} and beta={self.beta!r} are {len(pairs)} pairs to choose from, which one block cannot; "
                "fit once, and give its C_ and beta_"
            )
        blocks = self._blocks(data)
        check_int("block", block, 0, len(blocks) - 1)
        self._train(data, block, blocks[block], *pairs[0], checkpoint, checkpoint_every)
        return self

    def decision_function(self, X, *, rows=None):
        """Scores of all classes.

        Parameters
        ----------
        X : SignatureStore or other source, memory map, or array, of shape (n, d)
        rows : array of int, optional
            Score these rows of X only, in this order.

        Returns
        -------
        array of shape (n, n_classes), float32; (n,) for two classes with one label a row
            In the latter case positive means ``classes_[1]``.
        """
        check_is_fitted(self)
        source = self._source(X)
        rows = np.arange(source.shape[0]) if rows is None else _check_rows(rows, source.shape[0])
        scores = self._scores(source, rows, self.coef_, self.intercept_)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def _scores(self, source, rows, coef, intercept):
        starts = range(0, len(rows), _PREDICT_ROWS)
        blocks = (gather_rows(source, rows[start : start + _PREDICT_ROWS]) for start in starts)
        parts = list(map_in_order(lambda block: row_products(block, coef), blocks, self.n_jobs))
        scores = np.concatenate(parts) if parts else np.empty((0, len(intercept)), np.float32)
        scores += intercept
        return scores

    @available_if(lambda self: self.loss == "multinomial")
    def predict_proba(self, X):
        """Probabilities of the classes, (n, n_classes); with the multinomial loss only.

        For the other losses see :class:`TemperatureScaling` and :class:`PlattScaling`.
        """
        scores = self.decision_function(X)
        return softmax(score_matrix(scores) / 2 if scores.ndim == 1 else scores)

    def check_params(self):
        self._pairs()
        check_choice("loss", self.loss, LOSSES)
        multinomial = self.loss == "multinomial"
        if self.beta is not None and multinomial:
            raise ParameterError(f"beta={self.beta!r} rebalances one-vs-rest problems; loss='multinomial' has none")
        check_int("max_iter", self.max_iter, 1)
        check_bool("early_stopping", self.early_stopping)
        check_number("validation_fraction", self.validation_fraction, 0, 0.5, exclusive=True)
        check_int("n_iter_no_change", self.n_iter_no_change, 1)
        if self.batch_size is not None:
            check_int("batch_size", self.batch_size, 1)
        check_int("buffer_size", self.buffer_size, 1)
        check_int("read_rows", self.read_rows, 1)
        if self.eta0 is not None:
            check_number("eta0", self.eta0, 0, exclusive=True)
        if self.class_block is not None:
            check_int("class_block", self.class_block, 1)
            if multinomial:
                raise ParameterError(
                    f"class_block={self.class_block!r}: the classes of loss='multinomial' can only be trained together"
                )
        check_int("cv", self.cv, 2)
        check_int("cv_rows", self.cv_rows, 2)
        check_n_jobs(self.n_jobs)
        check_bool("verbose", self.verbose)

    def _pairs(self):
        """The (C, beta) to choose from, in ascending order."""
        betas = [None] if self.beta is None else check_candidates("beta", self.beta)
        return list(itertools.product(check_candidates("C", self.C), betas))

    def _source(self, X, **y):
        """X as a source; with ``y=`` (in fit) the labels are checked along and returned too."""
        try:
            if is_source(X) or isinstance(X, np.memmap):
                source = X if is_source(X) else ArraySource(X)
                checked = self._check_shape(source, **y)
            else:
                checked = check_signatures(self, X, **y)
                source = ArraySource(checked[0] if y else checked)
        except ParameterError:
            raise
        except ValueError as error:
            raise ParameterError(str(error)) from error
        return (source, checked[1]) if y else source

    def _check_shape(self, source, y=None):
        """What :func:`check_signatures` does, for a source that is not looked into before it is read."""
        n, d = source.shape
        if n == 0 or d == 0:
            raise ParameterError(f"X has shape {tuple(source.shape)}; at least one row and one column are needed")
        if y is None:
            if d != self.n_features_in_:
                raise ParameterError(f"X has {d} columns; this model was trained on {self.n_features_in_}")
            return None
        y = as_label_array(y)
        if len(y) != n:
            raise ParameterError(f"y has {len(y)} labels for the {n} rows of X; one a row is needed")
        self.n_features_in_ = int(d)
        check_classification_targets(y)
        return source, y

    def _prepare(self, X, y, rows):
        """Check everything; the data of a training as a :class:`_TrainingData`."""
        self.check_params()
        source, labels = self._source(X, y=y)
        data = _TrainingData(self, source, labels, rows)
        if data.multilabel and self.loss == "multinomial":
            raise ParameterError("loss='multinomial' needs one label a row; use 'hinge' or 'squared_hinge'")
        return data

    def _blocks(self, data):
        """The classes, or for two of them the one problem, in the ranges that are trained together."""
        n_problems = len(data.classes) if self.loss == "multinomial" else data.n_problems
        size = n_problems if self.class_block is None else self.class_block
        return [range(start, min(start + size, n_problems)) for start in range(0, n_problems, size)]

    def _choose(self, data, checkpoint):
        """The pair (C, beta) that cross-validates best, and ``cv_results_``."""
        pairs = self._pairs()
        if len(pairs) == 1:
            return *pairs[0], None
        folds = data.folds(self.cv, self.cv_rows)
        if len(folds) < 2:
            raise ParameterError("C and beta cannot be cross-validated with one row a class; give one value of each")
        keeper = self._keeper(checkpoint, "choice", data, pairs=pairs, cv=self.cv, cv_rows=self.cv_rows)
        saved = None if keeper is None else keeper.load()
        scores = [] if saved is None else saved[0]["scores"]
        tasks = list(itertools.product(range(len(folds)), pairs))
        with Progress("choosing C and beta", len(tasks), unit="training", enabled=self.verbose) as progress:
            progress.update(len(scores))
            for fold, pair in tasks[len(scores) :]:
                others = np.sort(np.concatenate(folds[:fold] + folds[fold + 1 :]))
                coef, intercept, _ = self._machines(data.within(others), *pair, quiet=True)
                found = self._scores(data.source, data.rows[folds[fold]], coef, intercept)
                scores.append(float(data.targets.quality(found.T, folds[fold])))
                if keeper is not None:
                    keeper.save({"scores": scores}, {})
                progress.update(1)
        fold_scores = np.reshape(scores, (len(folds), len(pairs))).T
        results = {
            "C": np.array([C for C, _ in pairs]), "beta": np.array([np.nan if b is None else b for _, b in pairs]),
            "fold_scores": fold_scores, "mean_score": fold_scores.mean(axis=1), "std_score": fold_scores.std(axis=1),
        }
        return *pairs[int(results["mean_score"].argmax())], results

    def _machines(self, data, C, beta, checkpoint=None, checkpoint_every=0.0, quiet=False):
        """Weights and biases of all problems, and the solutions of their blocks without the weights."""
        blocks = self._blocks(data)
        coef = None if len(blocks) == 1 else np.empty((blocks[-1].stop, data.source.shape[1]), np.float32)
        intercept = np.empty(blocks[-1].stop, np.float32)
        solutions = []
        for number, block in enumerate(blocks):
            solution = self._train(data, number, block, C, beta, checkpoint, checkpoint_every, quiet)
            intercept[block.start : block.stop] = solution.intercept
            if coef is None:
                coef = solution.weights
            else:
                coef[block.start : block.stop] = solution.weights
            solutions.append(solution._replace(weights=None))
        return coef, intercept, solutions

    def _train(self, data, number, block, C, beta, checkpoint, checkpoint_every, quiet=False):
        n = int(data.used.sum())
        batch_size = min(_MAX_BATCH, max(16, n // 64)) if self.batch_size is None else self.batch_size
        keeper = self._keeper(
            checkpoint, f"block-{number:03d}", data, C=C, beta=beta, classes=[block.start, block.stop]
        )
        return averaged_sgd(
            data.source, data.target, n_classes=len(data.classes), C=C, loss=self.loss, beta=beta,
            problems=slice(block.start, block.stop), used=data.used, held_out=data.held_out, eta0=self.eta0,
            max_iter=self.max_iter, patience=self.n_iter_no_change, batch_size=min(batch_size, n),
            buffer_size=self.buffer_size, read_rows=self.read_rows, seed=data.seed, n_jobs=self.n_jobs,
            checkpoint=keeper, checkpoint_every=checkpoint_every, verbose=self.verbose and not quiet,
        )

    def _keeper(self, checkpoint, name, data, **facts):
        """The checkpoint of this name in a folder, of this training and no other; None without a folder."""
        if checkpoint is None:
            return None
        if self.random_state is None:
            raise ParameterError("random_state=None cannot be resumed from a checkpoint; give a seed")
        apart = ("C", "beta", "cv", "cv_rows", "n_jobs", "verbose", "random_state")
        params = {name: value for name, value in self.get_params().items() if name not in apart}
        return Checkpoint(f"{checkpoint}/{name}", {**params, **facts, "seed": data.seed, **data.identity()})


class _TrainingData:
    """Source, class indices, and which rows are for training and which held out.

    Attributes
    ----------
    rows : array of int
        Of the source, ascending, that may be trained on; ``targets`` and places are of these.
    used : array of shape (n,), bool
    held_out : array of int, or None
        Rows of the source, out of the used ones, that decide when to stop.
    """

    def __init__(self, estimator, source, labels, rows):
        self.source = source
        self.seed = check_seed(estimator.random_state)
        self.fraction = estimator.validation_fraction if estimator.early_stopping else None
        n = source.shape[0]
        self.rows = np.arange(n) if rows is None else np.unique(_check_rows(rows, n))
        self.targets = read_targets(labels[self.rows])
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
            "labels": fingerprint([self.classes.tolist(), self.target, self.used.view(np.uint8)]),
        }


def _check_rows(rows, n):
    rows = np.asarray(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or rows.size == 0:
        raise ParameterError("rows must be a 1-d array of row numbers, not empty")
    if rows.min() < 0 or rows.max() >= n:
        raise ParameterError(f"rows holds {rows.min() if rows.min() < 0 else rows.max()}; X has the rows 0 to {n - 1}")
    return rows
