"""OneVsRestSGD: its contract, what it reads, checkpoints, and killing it."""

import os
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.estimator_checks import check_estimator

import bovw
from bovw.classify import OneVsRestDual, OneVsRestSGD, sgd
from bovw.classify.checkpoint import Checkpoint
from bovw.errors import ParameterError, StoreError
from bovw.persist import load_model, save_model


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    X = (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32)
    return X[:1000], y[:1000], X[1000:], y[1000:]


class Store:
    """A source that is no array."""

    def __init__(self, X):
        self.X, self.shape, self.fingerprint = X, X.shape, "f" * 16

    def read(self, start, stop, out=None):
        if out is None:
            return self.X[start:stop].copy()
        out[:] = self.X[start:stop]
        return out


def assert_same_model(one, two):
    for name in ("coef_", "intercept_", "classes_"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "multinomial"])
def test_as_accurate_as_the_dual_solver(digits, loss):
    X, y, X_test, y_test = digits
    ours = OneVsRestSGD(10.0, loss=loss, max_iter=30).fit(X, y)
    if loss == "multinomial":
        peer = LogisticRegression(C=10.0, max_iter=2000).fit(X, y)
        np.testing.assert_allclose(ours.predict_proba(X_test), peer.predict_proba(X_test), atol=0.06)
        np.testing.assert_allclose(ours.predict_proba(X_test).sum(axis=1), 1)
    else:
        peer = OneVsRestDual(10.0, loss=loss).fit(X, y)
        assert not hasattr(ours, "predict_proba")
    assert abs(ours.score(X_test, y_test) - peer.score(X_test, y_test)) < 0.02
    np.testing.assert_array_equal(ours.predict_top_k(X_test, 3)[:, 0], ours.predict(X_test))


@pytest.mark.parametrize("loss", ["hinge", "multinomial"])
def test_two_classes_and_string_labels(digits, loss):
    X, y, X_test, y_test = digits
    keep, keep_test = y < 2, y_test < 2
    names = np.array(["zero", "one"])
    machine = OneVsRestSGD(loss=loss).fit(X[keep], names[y[keep]])
    scores = machine.decision_function(X_test[keep_test])
    assert scores.shape == (keep_test.sum(),)
    assert machine.coef_.shape == (1, 64)
    np.testing.assert_array_equal(machine.predict(X_test[keep_test]), np.where(scores > 0, "zero", "one"))
    assert machine.score(X_test[keep_test], names[y_test[keep_test]]) > 0.97
    if loss == "multinomial":
        np.testing.assert_allclose(
            machine.predict_proba(X_test[keep_test])[:, 1], 1 / (1 + np.exp(-scores.astype(float))), rtol=1e-5
        )


def test_arrays_maps_and_stores_are_the_same(digits, tmp_path):
    X, y, X_test, _ = digits
    np.save(tmp_path / "x.npy", X)
    array, store = OneVsRestSGD(max_iter=3).fit(X, y), OneVsRestSGD(max_iter=3).fit(Store(X), y)
    mapped = OneVsRestSGD(max_iter=3).fit(np.load(tmp_path / "x.npy", mmap_mode="r"), y)
    assert_same_model(array, store)
    assert_same_model(array, mapped)
    assert store.n_features_in_ == 64
    np.testing.assert_array_equal(array.decision_function(X_test), array.decision_function(Store(X_test)))
    np.testing.assert_array_equal(
        array.decision_function(Store(X_test), rows=[5, 3, 4]), array.decision_function(X_test[[5, 3, 4]])
    )


def test_rows_choose_the_training_rows(digits):
    X, y, _, _ = digits
    rows = np.flatnonzero(np.arange(len(y)) % 4)
    labels = y.astype("<U7")
    labels[::4] = "unknown"  # never looked at
    chosen = OneVsRestSGD(max_iter=2).fit(Store(X), labels.astype(str), rows=rows)
    marred = X.copy()
    marred[::4] = 7
    assert_same_model(chosen, OneVsRestSGD(max_iter=2).fit(Store(marred), labels.astype(str), rows=rows))
    assert chosen.classes_.tolist() == [str(k) for k in range(10)]


def test_class_weight_is_the_balance_of_the_dual_solver(digits):
    X, y, X_test, _ = digits
    X, y = X[:300], y[:300]
    ours = OneVsRestSGD(class_weight=1.0, max_iter=60, eta0=8.0).fit(X, y)
    peer = OneVsRestDual(class_weight="balanced", intercept_scaling=10.0, max_iter=20_000, tol=1e-2).fit(X, y)
    difference = ours.decision_function(X_test) - peer.decision_function(X_test)
    assert np.abs(difference).mean() < 0.1 * np.abs(peer.decision_function(X_test)).mean()


def test_early_stopping_holds_rows_of_every_class_out(digits):
    X, y, _, _ = digits
    machine = OneVsRestSGD(100.0, early_stopping=True, validation_fraction=0.1, max_iter=40).fit(X, y)
    scores = machine.validation_scores_[0]
    assert len(scores) == machine.n_iter_ == len(machine.loss_curves_[0])
    assert machine.n_iter_ == min(40, scores.argmax() + 3)
    assert scores.max() > 0.9


def test_class_blocks_are_those_of_one_training_and_can_be_separate_jobs(digits, tmp_path):
    X, y, _, _ = digits
    whole, blocks = OneVsRestSGD(max_iter=4).fit(X, y), OneVsRestSGD(max_iter=4, class_block=4).fit(X, y)
    np.testing.assert_allclose(blocks.coef_, whole.coef_, atol=2e-4)
    assert len(blocks.loss_curves_) == 3
    machine = OneVsRestSGD(max_iter=4, class_block=4)
    for block in (2, 0, 1):
        machine.fit_block(X, y, block, checkpoint=tmp_path / "jobs")
    assert not hasattr(machine, "coef_")
    assert_same_model(machine.fit(X, y, checkpoint=tmp_path / "jobs"), blocks)
    with pytest.raises(ParameterError, match="block=3"):
        machine.fit_block(X, y, 3, checkpoint=tmp_path / "jobs")


@pytest.mark.parametrize("early_stopping", [False, True])
def test_C_and_class_weight_are_chosen_by_scikit_learns_folds_and_measure(digits, early_stopping):
    X, y = digits[0][::3], digits[1][::3]
    options = {"max_iter": 4, "early_stopping": early_stopping, "validation_fraction": 0.2, "random_state": 3}
    machine = OneVsRestSGD((100.0, 0.01), class_weight=[8.0, 1.0], cv=3, **options).fit(Store(X), y)
    results, pairs = machine.cv_results_, [(C, beta) for C in (0.01, 100.0) for beta in (1.0, 8.0)]
    assert list(zip(results["C"], results["class_weight"], strict=True)) == pairs
    for i, (C, beta) in enumerate(pairs):
        one = OneVsRestSGD(C, class_weight=beta, **options)
        expected = [
            balanced_accuracy_score(y[test], clone(one).fit(X, y, rows=train).predict(X[test]))
            for train, test in StratifiedKFold(3, shuffle=True, random_state=3).split(X, y)
        ]
        np.testing.assert_allclose(results["fold_scores"][i], expected, rtol=1e-12)
    np.testing.assert_allclose(results["mean_score"], results["fold_scores"].mean(axis=1))
    best = pairs[int(np.argmax(results["mean_score"]))]
    assert (machine.C_, machine.class_weight_) == best
    assert len(set(results["mean_score"])) > 1
    assert_same_model(machine, OneVsRestSGD(best[0], class_weight=best[1], **options).fit(X, y))


def test_one_pair_is_not_cross_validated_and_ties_go_to_the_smallest(digits, monkeypatch):
    X, y = digits[0][:200], digits[1][:200]
    machine = OneVsRestSGD([3.0], class_weight=2.0, max_iter=1).fit(X, y)
    assert (machine.C_, machine.class_weight_, machine.cv_results_) == (3.0, 2.0, None)
    monkeypatch.setattr("bovw.classify.targets.SingleLabels.quality", lambda *_: 0.5)
    machine = OneVsRestSGD([3.0, 2.0], max_iter=1).fit(X, y)
    assert (machine.C_, machine.class_weight_) == (2.0, None)
    assert np.isnan(machine.cv_results_["class_weight"]).all()


def test_cross_validation_looks_at_some_rows_only(digits, monkeypatch):
    X, y = digits[0], digits[1]
    used = []
    original = sgd.averaged_sgd
    monkeypatch.setattr(sgd, "averaged_sgd", lambda *a, **k: used.append(int(k["used"].sum())) or original(*a, **k))
    machine = OneVsRestSGD([0.1, 10.0], cv=2, cv_rows=300, max_iter=1, class_block=4)
    machine.fit(X, y, rows=np.arange(100, 1000))
    assert used == [150] * 12 + [900] * 3  # two folds, two values, three blocks


def test_choosing_goes_on_where_it_was_stopped(digits, tmp_path, monkeypatch):
    X, y = digits[0][:300], digits[1][:300]
    machine = OneVsRestSGD([0.1, 10.0], class_weight=[1.0, 9.0], cv=2, max_iter=2)
    whole = clone(machine).fit(X, y)
    original, calls = sgd.averaged_sgd, []

    def stopping(*args, **options):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return original(*args, **options)

    monkeypatch.setattr(sgd, "averaged_sgd", stopping)
    with pytest.raises(KeyboardInterrupt):
        clone(machine).fit(X, y, checkpoint=tmp_path)
    resumed = clone(machine).fit(X, y, checkpoint=tmp_path)
    assert len(calls) == 4 + 5 + 1
    assert_same_model(resumed, whole)
    np.testing.assert_array_equal(resumed.cv_results_["fold_scores"], whole.cv_results_["fold_scores"])
    with pytest.raises(StoreError, match="cv=2, not 3"):
        clone(machine).set_params(cv=3).fit(X, y, checkpoint=tmp_path)


def test_what_cannot_be_chosen(digits, tmp_path):
    X, y = digits[0][:100], digits[1][:100]
    with pytest.raises(ParameterError, match="2 pairs to choose from, which one block cannot"):
        OneVsRestSGD([1.0, 2.0], class_block=2).fit_block(X, y, 0, checkpoint=tmp_path)
    with pytest.raises(ParameterError, match="one sample a class"):
        OneVsRestSGD([1.0, 2.0]).fit(X[:3], ["a", "b", "c"])


@pytest.mark.parametrize("params", [{}, {"early_stopping": True, "loss": "multinomial"}, {"class_block": 3}])
def test_stopped_anywhere_it_goes_on_with_the_same_bits(digits, tmp_path, params, monkeypatch):
    X, y, _, _ = digits
    machine = OneVsRestSGD(max_iter=3, batch_size=100, buffer_size=300, **params)
    straight = clone(machine).fit(X, y)
    save = Checkpoint.save
    for stop_at in (1, 19):
        calls = []

        def stopping(self, *args, stop_at=stop_at, calls=calls):
            calls.append(1)
            save(self, *args)
            if len(calls) == stop_at:
                raise KeyboardInterrupt

        folder = tmp_path / str(stop_at)
        monkeypatch.setattr(Checkpoint, "save", stopping)
        with pytest.raises(KeyboardInterrupt):
            clone(machine).fit(X, y, checkpoint=folder, checkpoint_every=0)
        monkeypatch.setattr(Checkpoint, "save", save)
        resumed = clone(machine).fit(X, y, checkpoint=folder)
        assert_same_model(straight, resumed)
        for one, two in zip(straight.loss_curves_, resumed.loss_curves_, strict=True):
            np.testing.assert_array_equal(one, two)
        assert resumed.n_iter_ == straight.n_iter_


KILLED = """
    import sys
    import numpy as np
    from bovw.classify import OneVsRestSGD
    rng = np.random.default_rng(0)
    y = np.arange(4000) % 12
    X = (rng.standard_normal((12, 300))[y] + 3 * rng.standard_normal((4000, 300))).astype(np.float32)
    machine = OneVsRestSGD(max_iter=8, batch_size=50, n_jobs=int(sys.argv[3]))
    machine.fit(X, y, checkpoint=sys.argv[1] or None, checkpoint_every=0.1)
    np.save(sys.argv[2], np.column_stack([machine.coef_, machine.intercept_]))
"""


def test_sigkill_and_resume_give_the_same_bits(tmp_path):
    def start(checkpoint, result, n_jobs):
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(KILLED), str(checkpoint), str(result), str(n_jobs)],
            env={**os.environ, "PYTHONPATH": str(Path(bovw.__file__).parents[1])},
        )

    assert start("", tmp_path / "straight.npy", 1).wait() == 0
    folder = tmp_path / "checkpoint"
    killed = 0
    for delay in (0.0, 0.15):
        process = start(folder, tmp_path / "never.npy", 2)
        before = sorted(folder.rglob("state.json"))
        stamp = before[0].stat().st_mtime_ns if before else 0
        while process.poll() is None:  # kill it a while after it has left a checkpoint of its own
            found = sorted(folder.rglob("state.json"))
            if found and found[0].stat().st_mtime_ns > stamp:
                time.sleep(delay)
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.005)
        killed += process.wait() == -signal.SIGKILL
    assert killed >= 1
    assert start(folder, tmp_path / "resumed.npy", 2).wait() == 0
    np.testing.assert_array_equal(np.load(tmp_path / "straight.npy"), np.load(tmp_path / "resumed.npy"))


def test_a_checkpoint_of_another_training_or_a_damaged_one_is_refused(digits, tmp_path):
    X, y, _, _ = digits
    machine = OneVsRestSGD(max_iter=2)
    machine.fit(X, y, checkpoint=tmp_path / "c")
    state = next((tmp_path / "c").rglob("state.json"))
    with pytest.raises(StoreError, match=r"C=1\.0, not 2\.0"):
        OneVsRestSGD(2.0, max_iter=2).fit(X, y, checkpoint=tmp_path / "c")
    with pytest.raises(StoreError, match="data="):
        machine.fit(X + 1, y, checkpoint=tmp_path / "c")
    with pytest.raises(StoreError, match="labels="):
        machine.fit(X, np.roll(y, 1), checkpoint=tmp_path / "c")
    weights = next(state.parent.glob("weights.*.npy"))
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)
    with pytest.raises(StoreError, match="damaged"):
        machine.fit(X, y, checkpoint=tmp_path / "c")
    state.write_text(state.read_text()[:-20])
    with pytest.raises(StoreError, match="damaged"):
        machine.fit(X, y, checkpoint=tmp_path / "c")
    with pytest.raises(ParameterError, match="random_state=None"):
        OneVsRestSGD(random_state=None).fit(X, y, checkpoint=tmp_path / "d")


def test_a_saved_model_answers_alike(digits, tmp_path):
    X, y, X_test, _ = digits
    machine = OneVsRestSGD(max_iter=2, early_stopping=True).fit(X, y)
    save_model(machine, tmp_path / "model")
    np.testing.assert_array_equal(
        machine.decision_function(X_test), load_model(tmp_path / "model").decision_function(X_test)
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"C": 0}, "C=0"), ({"loss": "log"}, "loss='log'"), ({"class_weight": 0}, "class_weight=0"),
        ({"class_weight": []}, "class_weight=.. is too short"), ({"C": "1"}, "C='1' must be a number"), ({"cv": 1}, "cv=1"),
        ({"cv_rows": 0}, "cv_rows=0"),
        ({"class_weight": 1.0, "loss": "multinomial"}, "rebalances"), ({"max_iter": 0}, "max_iter=0"),
        ({"class_block": 2, "loss": "multinomial"}, "only be trained together"), ({"eta0": -1}, "eta0=-1"),
        ({"validation_fraction": 0.9}, "validation_fraction=0.9"), ({"batch_size": 0}, "batch_size=0"),
        ({"read_rows": 0}, "read_rows=0"), ({"buffer_size": 0}, "buffer_size=0"), ({"n_jobs": 0}, "n_jobs=0"),
    ],
)
def test_bad_parameters_are_refused(params, message):
    with pytest.raises(ParameterError, match=message):
        OneVsRestSGD(**params).fit(np.eye(4), [0, 1, 0, 1])


def test_bad_data_is_refused(digits):
    X, y, _, _ = digits
    machine = OneVsRestSGD(max_iter=1)
    with pytest.raises(ParameterError, match="1 class only"):
        machine.fit(np.eye(3), [1, 1, 1])
    with pytest.raises(ParameterError, match="3 labels for the 1000 rows"):
        machine.fit(Store(X), [1, 2, 3])
    with pytest.raises(ParameterError, match="rows holds 1000"):
        machine.fit(Store(X), y, rows=[0, 1000])
    with pytest.raises(ParameterError, match="has 3 columns"):
        machine.fit(X, y).decision_function(Store(X[:, :3]))
    marred = X.copy()
    marred[17, 2] = np.inf
    with pytest.raises(ParameterError, match="row 17"):
        machine.fit(Store(marred), y)
    with pytest.raises(ParameterError, match="single row"):
        OneVsRestSGD(early_stopping=True).fit(np.eye(3), [0, 1, 2])


@pytest.mark.parametrize("params", [{}, {"loss": "multinomial"}, {"early_stopping": True, "loss": "squared_hinge"}])
def test_scikit_learn_contract(params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(OneVsRestSGD(**params))
