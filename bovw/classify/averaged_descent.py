"""Linear classifiers for millions of signatures: averaged stochastic gradient descent, all classes at once.

Definition
----------
Signatures x_i (i = 1 ... n) of dimension d have classes c_i. With weights w_k, biases b_k
and scores f_k(x) = <w_k, x> + b_k, the objective over all problems k is

    lambda / 2 sum_k |w_k|^2 + 1/n sum_i loss(f(x_i), c_i),          lambda = 1 / (n C),

that is 1 / (n C) times the primal of ``dual_svm``, but for the bias, which is not
regularized. With y_ik = +1 if c_i = k, else -1, the losses are

    hinge           sum_k v_ik max(0, 1 - y_ik f_k(x_i))
    squared hinge   sum_k v_ik max(0, 1 - y_ik f_k(x_i))^2
    multinomial     log sum_k exp f_k(x_i) - f_{c_i}(x_i).

Where a row may be of several classes, y_ik is +1 for each of them, and v_ik is 0 where row i is
left out of problem k; the multinomial loss needs one class a row.

The v_ik rebalance the one-vs-rest problems: 1 by default; with a ``class_weight`` b the positives of
a problem weigh as much as its negatives divided by b, and all together n (``weights``). (In [3]_ a
positive has weight rho, a negative 1 - rho; or b negatives are drawn for a positive.)

Rows with weights w_i of their own have w_i / mean(w) in front of their loss, and C mean(w) in the place
of C: the same problem, on the scale for which the steps are made.

Algorithm
---------
Batches of B rows are drawn as ``blocks`` says; the rows of a batch are used by all classes
[4]_, so its scores are one matrix product and its gradient G'X another. Step t is

    w <- (1 - lambda eta_t) w - eta_t/B sum_{i in batch} loss'(f(x_i)) x_i
    eta_t = eta_0 (1 + lambda eta_0 t)^(-3/4),

the schedule of averaged SGD [1]_ [2]_ with the batch in the place of the sample, which keeps
the step stable however large B is. (A batch short of B rows takes a step shorter in
proportion.) From the second epoch on the iterates are averaged,

    a <- a + mu_t (w - a),      mu_t = 4 / (t - t_1 + 4),      t_1 the last step of the first epoch,

and a, which begins as w at t_1, is the result. This is the polynomial-decay average of [5]_
with its parameter 3; the plain mean of [1]_ and [2]_ would have mu_t = 1 / (t - t_1 + 1), which
keeps the early iterates so long that it takes about twice as many epochs.

Since the gradient of a batch is dense, a step rewrites every weight anyhow: the decay and
the averaging are done in that same pass, on a tile of W that has just come into the cache.
They take no pass of their own, as they would for one sparse sample at a time, where [2]_
therefore keeps scale factors apart.

eta_0: on a sample of rows, the value out of powers of 2 that gives the smallest objective
after one epoch of steps from the start, as in [1]_, then halved.

Center and start
----------------
Signatures share a large mean, and along it the objective is curved far more than in any
other direction: it alone would dictate the step. The steps are taken on x - m, m the mean
of a sample. As the bias is free, that moves no optimum, whatever m is: <w, x - m> + b' is
<w, x> + (b' - <w, m>). X itself is not touched; m is one more row of the batch, and both
matrix products take it along. b' is the weight of a constant feature whose square is a
tenth of the mean of |x - m|^2, so that it moves no faster than the weights do. It starts at
the best constant: (V+ - V-) / (V+ + V-) for a problem whose positives and negatives weigh
V+ and V-; log(n_k / n) for the multinomial loss. So a thousand classes do not begin by
pushing all signatures to the negative side.

References
----------
.. [1] L. Bottou, "Stochastic gradient descent tricks", Neural Networks: Tricks of the Trade,
   2nd edition, LNCS 7700, 2012, sections 5 and 6.
.. [2] W. Xu, "Towards optimal one pass large scale learning with averaged stochastic gradient
   descent", arXiv:1107.2490, 2011.
.. [3] Z. Akata, F. Perronnin, Z. Harchaoui, C. Schmid, "Good practice in large-scale learning
   for image classification", PAMI 2014, section 3.
.. [4] Y. Lin, F. Lv, S. Zhu, M. Yang, T. Cour, K. Yu, L. Cao, T. Huang, "Large-scale image
   classification: fast feature extraction and SVM training", CVPR 2011, section 4.
.. [5] O. Shamir, T. Zhang, "Stochastic gradient descent for non-smooth optimization", ICML 2013,
   section 4.
"""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from .._cext import averaged_sgd as _kernels
from .._progress import Progress
from .._random import stage_rng
from .._threads import check_n_jobs, single_threaded
from ..blocks import ArrayBlocks, is_block_source
from ..errors import ParameterError
from .blocks import ShuffledBatches, gather_rows, read_ahead
from .targets import mean_held_out_precision
from .weights import side_weights

LOSSES = ("hinge", "squared_hinge", "multinomial")
_TILE_PROBLEMS = 256  # problems of one matrix product, whatever n_jobs is, so that it never changes a result
_TILE_COLUMNS = 2048
_SAMPLE_ROWS = 2048
_TRIAL_PROBLEMS = 32
_TRIAL_STEPS = 32
_MOST_POWERS = 30
_AVERAGE_DECAY = 3
_BIAS_SHARE = 0.1
_SCORE_ROWS = 512


class SGDSolution(NamedTuple):
    """What :func:`averaged_sgd` returns.

    Attributes
    ----------
    weights : (n_problems, d) float32
    intercept : (n_problems,) float32
    n_epochs : int
        Epochs taken, those after the best one included.
    eta0 : float
    losses : (n_epochs,) float64
        Mean loss a row and problem of each epoch, every batch before the step it led to.
    held_out_scores : (n_epochs,) float64 or None
        Mean per-class accuracy, or mean average precision, on the held-out rows after each epoch.
    """

    weights: np.ndarray
    intercept: np.ndarray
    n_epochs: int
    eta0: float
    losses: np.ndarray
    held_out_scores: np.ndarray | None


def averaged_sgd(
    source, target, *, n_classes, C=1.0, loss="hinge", class_weight=None, sample_weight=None, problems=None,
    used=None, held_out=None, eta0=None, max_iter=20, patience=2, batch_size=512, buffer_size=2048, read_rows=16,
    seed=0, n_jobs=None, checkpoint=None, checkpoint_every=180.0, verbose=False,
):
    """Train linear classifiers of all classes, or of some of them, on a source.

    Parameters
    ----------
    source : source or array of shape (n, d)
        See ``bovw.classify.blocks``.
    target : (n,) int, or (n, n_classes) int8
        Class of each row, 0 to ``n_classes - 1``; or a matrix of 1 (of that class), 0 (not) and -1 (left out of
        that problem). Not looked at where ``used`` and ``held_out`` leave a row out.
    n_classes : int
        With 2, one class a row and a one-vs-rest loss there is one problem, class 1 against class 0.
    C : float, default 1.0
        lambda = 1 / (n C), n the number of used rows.
    loss : {"hinge", "squared_hinge", "multinomial"}, default "hinge"
    class_weight : float, optional
        Weight of all negatives of a problem over that of its positives; None: no rebalancing.
        Not for the multinomial loss.
    sample_weight : (n,) float, optional
        What the loss of each row is multiplied by, more than 0 where it is used; by default 1.
    problems : slice, optional
        The classes to train, by default all. Not for the multinomial loss.
    used : (n,) bool, optional
        Training rows, by default all.
    held_out : (m,) int, optional
        Rows, ascending, that decide when to stop: the result is the average after the epoch of
        the best mean per-class accuracy (with a matrix ``target``, mean average precision) among
        the ``problems`` on these rows (the earliest such epoch).
    eta0 : float, optional
        First step size; found on a sample if None.
    max_iter : int, default 20
        Epochs at most.
    patience : int, default 2
        With ``held_out``: epochs after the best one until training ends.
    batch_size : int, default 512
        Rows in a batch.
    buffer_size : int, default 2048
        Rows in the shuffling buffer.
    read_rows : int, default 16
        Rows that are read together.
    seed : int, default 0
    n_jobs : int, optional
        Worker threads; reading has one more. The result does not depend on it.
    checkpoint : Checkpoint, optional
        Where to go on from, and to leave the state.
    checkpoint_every : float, default 180.0
        Seconds from one checkpoint to the next.
    verbose : bool, default False

    Returns
    -------
    SGDSolution
    """
    source = source if is_block_source(source) else ArrayBlocks(np.asarray(source))
    target = np.asarray(target)
    used = np.ones(len(target), bool) if used is None else used
    if sample_weight is not None:
        mean = float(sample_weight[used].mean())
        sample_weight, C = (sample_weight / mean).astype(np.float32), C * mean
    target = _Labels(target, sample_weight)
    batches = ShuffledBatches(
        source, used, batch_size=batch_size, buffer_size=buffer_size, read_rows=read_rows, seed=seed
    )
    with single_threaded(), _Workers(check_n_jobs(n_jobs)) as workers:
        task = _Task(loss, target.take(used), n_classes, class_weight, C, batch_size, workers)
        problems = np.arange(len(task.positives))[slice(None) if problems is None else problems]
        saved = None if checkpoint is None else checkpoint.load()
        if saved is not None and saved[0]["done"]:
            return _solution(*saved)
        if saved is not None:
            run = _Run.restored(task, problems, *saved)
        else:
            run = _begin(task, problems, batches, target, eta0, seed)

        judge = _accuracy if target.values.ndim == 1 else _precision

        def held_out_score(machine):
            return judge(machine, source, held_out, target.take(held_out))

        n_used = int(used.sum())
        with Progress("SGD", max_iter * n_used, unit="row", enabled=verbose) as progress:
            progress.update(run.state["epoch"] * n_used)
            saver = _Saver(run, checkpoint, checkpoint_every)
            while not run.is_over(max_iter, patience):
                _one_epoch(run, batches, target, progress, saver)
                run.end_epoch(None if held_out is None else held_out_score)
        state, arrays = run.result()
        if checkpoint is not None:
            checkpoint.save(state, arrays)
        return _solution(state, arrays)


class _Labels(NamedTuple):
    """Classes of rows, (n,) or (n, n_classes), and their weights, (n,) float32 or None."""

    values: np.ndarray
    weight: np.ndarray | None

    def take(self, index):
        return _Labels(self.values[index], None if self.weight is None else self.weight[index])


def _begin(task, problems, batches, target, eta0, seed):
    """A run before its first step."""
    index = batches.sample(_SAMPLE_ROWS)
    sample = np.empty((len(index) + 1, batches.source.shape[1]), np.float32)
    sample[:-1] = gather_rows(batches.source, index)
    sample[-1] = sample[:-1].mean(axis=0, dtype=np.float64)
    if eta0 is None:
        eta0 = _find_step(task, sample, target.take(index), seed)
    return _Run(_Machine(task, problems, sample[-1].copy(), _bias_rate(sample)), eta0)


def _one_epoch(run, batches, target, progress, saver):
    """The rest of the epoch that ``run`` is in."""
    for index, batch in read_ahead(batches.epoch(run.state["epoch"], run.state["batch"])):
        batch[-1] = run.machine.center
        run.step(batch, target.take(index))
        progress.update(len(index))
        saver.save_if_due()


def _accuracy(machine, source, rows, target):
    """Mean per-class accuracy among the machine's classes."""
    hits, members = np.zeros((2, len(machine.task.positives) + 1))
    classes = machine.problems + machine.task.first_class
    for start in range(0, len(rows), _SCORE_ROWS):
        block = slice(start, start + _SCORE_ROWS)
        scores = machine.scores(gather_rows(source, rows[block]))
        best = classes[scores.argmax(axis=1)] if len(machine.task.positives) > 1 else (scores[:, 0] > 0).astype(int)
        truth, weight = target.take(block)
        hit = best == truth if weight is None else weight * (best == truth)
        members += np.bincount(truth, weights=weight, minlength=len(members))
        hits += np.bincount(truth, weights=hit, minlength=len(members))
    if len(machine.task.positives) > 1:
        hits, members = hits[classes], members[classes]
    seen = members > 0
    return float((hits[seen] / members[seen]).mean()) if seen.any() else 0.0


def _precision(machine, source, rows, target):
    """Mean average precision of the machine's classes."""
    starts = range(0, len(rows), _SCORE_ROWS)
    scores = [machine.scores(gather_rows(source, rows[start : start + _SCORE_ROWS])) for start in starts]
    return mean_held_out_precision(target.values[:, machine.problems], np.concatenate(scores), target.weight)


class _Workers:
    """Threads that take tiles of problems; a single worker needs none."""

    def __init__(self, n_jobs):
        self.pool = ThreadPoolExecutor(n_jobs, thread_name_prefix="bovw-sgd") if n_jobs > 1 else None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.pool is not None:
            self.pool.shutdown()

    def map(self, function, items):
        return list(map(function, items) if self.pool is None else self.pool.map(function, items))


class _Task:
    """What stays the same through a training: loss, lambda, the weights of the sides, where the biases start."""

    def __init__(self, loss, labels, n_classes, class_weight, C, batch_size, workers):
        self.loss, self.batch_size, self.workers = loss, batch_size, workers
        target, weight = labels
        n = len(target)
        self.regularization = 1.0 / (n * C)
        self.first_class = 1 if n_classes == 2 and target.ndim == 1 and loss != "multinomial" else 0
        if target.ndim == 1:
            self.positives = np.bincount(target, weights=weight, minlength=n_classes)[self.first_class :]
            negatives = n - self.positives
        else:
            share = 1 if weight is None else weight.astype(np.float64)[:, None]
            self.positives, negatives = (((target == value) * share).sum(axis=0) for value in (1, 0))
        positives, negatives = (np.where(side > 0, side, 1) for side in (self.positives, negatives))
        if class_weight is None:
            self.positive_weight = self.negative_weight = np.ones(len(positives))
        else:
            self.positive_weight, self.negative_weight = side_weights(n, positives, negatives, class_weight)
        if loss == "multinomial":
            self.start = np.log(positives / n)
        else:
            sides = positives * self.positive_weight, negatives * self.negative_weight
            self.start = (sides[0] - sides[1]) / (sides[0] + sides[1])


class _Machine:
    """Weights and averages of some problems, and the step that changes them."""

    def __init__(self, task, problems, center, bias_rate):
        self.task, self.problems, self.center, self.bias_rate = task, problems, center, bias_rate
        self.weights = np.zeros((len(problems), len(center)), np.float32)
        self.average = np.zeros_like(self.weights)
        self.bias = task.start[problems].astype(np.float64)
        self.average_bias = self.bias.copy()
        n_tiles = max(-(-len(problems) // _TILE_PROBLEMS), min(2, len(problems) // 64), 1)
        bounds = np.linspace(0, len(problems), n_tiles + 1).astype(int).tolist()
        self.tiles = [slice(a, b) for a, b in itertools.pairwise(bounds)]

    def step(self, batch, target, eta, share):
        """One step on ``batch``, whose last row is the center; returns the sum of the losses before it."""
        scale = -eta / self.task.batch_size
        decay = max(0.0, 1 + self.task.regularization * scale * len(target.values))
        if self.task.loss == "multinomial":
            scores = np.empty((len(self.problems), len(batch)), np.float32)
            self.task.workers.map(lambda tile: np.matmul(self.weights[tile], batch.T, out=scores[tile]), self.tiles)
            loss = self._differentiate(scores, slice(None), target)
            self.task.workers.map(lambda tile: self._change(scores[tile], tile, batch, scale, decay, share), self.tiles)
            return loss

        def one(tile):
            scores = self.weights[tile] @ batch.T
            loss = self._differentiate(scores, tile, target)
            self._change(scores, tile, batch, scale, decay, share)
            return loss

        return sum(self.task.workers.map(one, self.tiles))

    def losses(self, batch, target):
        """The sum of the losses on ``batch``, whose last row is the center."""
        return self._differentiate(self.weights @ batch.T, slice(None), target)

    def start_average(self):
        np.copyto(self.average, self.weights)
        np.copyto(self.average_bias, self.bias)

    def scores(self, rows):
        """Scores of uncentered rows under the averages, (len(rows), n_problems)."""
        parts = self.task.workers.map(lambda tile: rows @ self.average[tile].T, self.tiles)
        return np.concatenate(parts, axis=1) + self.intercept()

    def intercept(self):
        """The biases of uncentered rows under the averages."""
        return (self.average_bias - self.average @ self.center).astype(np.float32)

    def _differentiate(self, products, tile, target):
        """Products with the rows and the center, but for the last column, become derivatives; returns the loss."""
        scores, problems = products[:, :-1], self.problems[tile]
        scores += (self.bias[tile] - products[:, -1])[:, None].astype(np.float32)
        return loss_and_derivative(
            scores, target.values, problems + self.task.first_class, self.task.loss,
            self.task.positive_weight[problems], self.task.negative_weight[problems], target.weight,
        )

    def _change(self, derivative, tile, batch, scale, decay, share):
        """Add ``scale`` times the gradient; ``derivative`` has one column a row, and a last one to be filled."""
        derivative[:, :-1] *= np.float32(scale)
        total = derivative[:, :-1].sum(axis=1, dtype=np.float64)
        derivative[:, -1] = -total
        self.bias[tile] += self.bias_rate * total
        self.average_bias[tile] += share * (self.bias[tile] - self.average_bias[tile])
        for column in range(0, batch.shape[1], _TILE_COLUMNS):
            change = derivative @ batch[:, column : column + _TILE_COLUMNS]
            _kernels.step(self.weights, self.average, change, tile.start, column, decay, share)


def loss_and_derivative(scores, target, classes, loss, positive_weight, negative_weight, row_weight=None):
    """The sum of the losses of some rows, and their derivative with respect to the scores.

    Parameters
    ----------
    scores : (n_problems, n) float32
        Overwritten with the derivative.
    target : (n,) int, or (n, n_classes) int8
        As :func:`averaged_sgd` has it.
    classes : (n_problems,) int
        The class of each problem; all classes, ascending from 0, for the multinomial loss.
    loss : {"hinge", "squared_hinge", "multinomial"}
    positive_weight, negative_weight : (n_problems,)
        The v of the one-vs-rest losses.
    row_weight : (n,) float32, optional
        What the loss of each row is multiplied by; by default 1.

    Returns
    -------
    float
    """
    if loss == "multinomial":
        columns = np.arange(len(target))
        scores -= scores.max(axis=0)
        share = np.float32(1) if row_weight is None else row_weight
        right = (share * scores[target, columns]).sum(dtype=np.float64)
        np.exp(scores, out=scores)
        totals = scores.sum(axis=0)
        scores /= totals
        scores[target, columns] -= 1
        scores *= share
        return float((share * np.log(totals)).sum(dtype=np.float64) - right)
    own = target == classes[:, None] if target.ndim == 1 else target.T[classes] == 1
    sign = np.where(own, np.float32(1), np.float32(-1))
    miss = np.maximum(1 - sign * scores, 0)
    weight = np.where(own, positive_weight[:, None], negative_weight[:, None]).astype(np.float32)
    if target.ndim == 2:
        weight *= target.T[classes] >= 0
    if row_weight is not None:
        weight *= row_weight
    if loss == "hinge":
        np.multiply(-sign, miss > 0, out=scores)
    else:
        np.multiply(-2 * sign, miss, out=scores)
        miss *= miss
    scores *= weight
    miss *= weight
    return float(miss.sum(dtype=np.float64))


def _bias_rate(sample):
    """Square of the constant feature: a share of the mean square norm of the centered rows."""
    squares = np.einsum("ij,ij->i", sample, sample, dtype=np.float64)
    return float(max(_BIAS_SHARE * (squares[:-1].mean() - squares[-1]), 1e-12))


def _find_step(task, sample, target, seed):
    """The eta_0 of the module's head, from a sample of rows whose last row is the center."""
    problems = np.arange(len(task.positives))
    if task.loss != "multinomial":
        problems = np.sort(stage_rng(seed, "sgd_trial").permutation(problems)[:_TRIAL_PROBLEMS])
    n = len(target.values)
    order = stage_rng(seed, "sgd_trial_rows").permutation(n)
    parts = np.array_split(order, min(len(order), _TRIAL_STEPS))
    rate = _bias_rate(sample)

    def objective(power):
        machine = _Machine(task, problems, sample[-1], rate)
        with np.errstate(over="ignore", invalid="ignore"):  # too long a step ends in infinity: not the least
            for part in parts:
                eta = 2.0**power * task.batch_size / len(part)
                machine.step(sample[np.append(part, -1)], target.take(part), eta, 0.0)
            size = np.einsum("ij,ij->", machine.weights, machine.weights, dtype=np.float64)
            return 0.5 * task.regularization * size + machine.losses(sample, target) / n

    return 2.0 ** (downhill(objective) - 1)


def downhill(function):
    """The integer at which ``function`` is least, walking from 0, or from the next one below where it is finite."""
    start, value = 0, function(0)
    while not np.isfinite(value) and start > -_MOST_POWERS:
        start -= 1
        value = function(start)
    best = start
    for direction in (1, -1):
        while abs(best) < _MOST_POWERS and (further := function(best + direction)) < value:
            best, value = best + direction, further
        if best != start:
            break
    return best


class _Run:
    """A machine, and where in its training it stands.

    ``state`` holds plain values only; with the machine's arrays it is all that a
    checkpoint needs.
    """

    def __init__(self, machine, eta0):
        self.machine = machine
        self.best = {}
        self.state = {
            "done": False, "eta0": float(eta0), "bias_rate": machine.bias_rate, "epoch": 0, "batch": 0, "n_steps": 0,
            "n_averaged": 0, "loss_sum": 0.0, "n_rows": 0, "losses": [], "held_out_scores": [],
        }

    @classmethod
    def restored(cls, task, problems, state, arrays):
        """The run that a checkpoint holds."""
        machine = _Machine(task, problems, arrays["center"], state["bias_rate"])
        for name in ("weights", "average", "bias", "average_bias"):
            setattr(machine, name, arrays[name])
        run = cls(machine, state["eta0"])
        run.state = state
        run.best = {name: arrays[f"best_{name}"] for name in ("weights", "intercept") if f"best_{name}" in arrays}
        return run

    def arrays(self):
        machine = self.machine
        return {
            "weights": machine.weights, "average": machine.average, "bias": machine.bias,
            "average_bias": machine.average_bias, "center": machine.center,
            **{f"best_{name}": array for name, array in self.best.items()},
        }

    def step(self, batch, target):
        state = self.state
        decay = 1 + self.machine.task.regularization * state["eta0"] * state["n_steps"]
        share = 0.0
        if state["epoch"]:
            state["n_averaged"] += 1
            share = (1 + _AVERAGE_DECAY) / (state["n_averaged"] + 1 + _AVERAGE_DECAY)
        with np.errstate(over="ignore", invalid="ignore"):
            state["loss_sum"] += self.machine.step(batch, target, state["eta0"] * decay**-0.75, share)
        if not np.isfinite(state["loss_sum"]):
            raise ParameterError(
                f"training diverged in step {state['n_steps']}: eta0={state['eta0']:g} is too long a step; give a "
                "smaller eta0 or shorten the signatures to unit length"
            )
        state["n_rows"] += len(target.values)
        state["n_steps"] += 1
        state["batch"] += 1

    def end_epoch(self, held_out_score):
        """``held_out_score`` is a function of the machine, or None."""
        state, machine = self.state, self.machine
        if state["epoch"] == 0:
            machine.start_average()
        if held_out_score is not None:
            score, scores = held_out_score(machine), state["held_out_scores"]
            if score > max(scores, default=-1.0):
                self.best = {"weights": machine.average.copy(), "intercept": machine.intercept()}
            scores.append(score)
        state["losses"].append(state["loss_sum"] / max(1, state["n_rows"] * len(machine.problems)))
        state.update(epoch=state["epoch"] + 1, batch=0, loss_sum=0.0, n_rows=0)

    def is_over(self, max_iter, patience):
        scores = self.state["held_out_scores"]
        return self.state["epoch"] >= max_iter or len(scores) - int(np.argmax([*scores, -1.0])) > patience

    def result(self):
        """(state, arrays) of the last checkpoint: the weights to keep, and no others."""
        best = self.best or {"weights": self.machine.average, "intercept": self.machine.intercept()}
        return {**self.state, "done": True}, best


class _Saver:
    """Leaves a checkpoint of a run whenever ``every`` seconds have gone by."""

    def __init__(self, run, checkpoint, every):
        self.run, self.checkpoint, self.every = run, checkpoint, every
        self.last = time.monotonic()

    def save_if_due(self):
        if self.checkpoint is not None and time.monotonic() - self.last >= self.every:
            self.checkpoint.save(self.run.state, self.run.arrays())
            self.last = time.monotonic()


def _solution(state, arrays):
    scores = state["held_out_scores"]
    return SGDSolution(
        arrays["weights"], arrays["intercept"], state["epoch"], state["eta0"], np.array(state["losses"]),
        np.array(scores) if scores else None,
    )
