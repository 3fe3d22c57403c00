"""What every public codebook, and the PCA, keeps to: inputs, methods, files, clones, wrong values."""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError

import bovw
from bovw import ArrayBlocks, DescriptorPCA, DescriptorSet, ParameterError
from bovw._parameters import Integer, Number, Optional
from bovw.persist import load_model, save_model

KINDS = [
    kind for kind in (getattr(bovw, name) for name in bovw.__all__)
    if isinstance(kind, type) and issubclass(kind, BaseEstimator) and kind.__module__.startswith("bovw.codebook.")
]
SMALL = {
    "KMeansCodebook": {"n_words": 5}, "GMMCodebook": {"n_components": 3, "max_iter": 5},
    "HierarchicalKMeans": {"branching": 2, "depth": 2}, "DescriptorPCA": {"n_components": 3},
}
METHODS = ("predict", "posteriors", "score_samples", "transform")


def by_name(kind):
    return kind.__name__


def sets(dtype=np.float32):
    """Four images, one without descriptors."""
    X = np.random.default_rng(2).integers(0, 250, size=(90, 6)).astype(dtype)
    frames = np.arange(360, dtype=np.float32).reshape(90, 4)
    return DescriptorSet(X, [0, 30, 30, 75, 90], frames, None, np.full((4, 2), 99))


def rows_of(result):
    return result.descriptors if isinstance(result, DescriptorSet) else result


def outputs(estimator, X):
    return {name: rows_of(getattr(estimator, name)(X)) for name in METHODS if hasattr(estimator, name)}


def forms(images):
    X = images.descriptors
    return {
        "array": X, "float64": X.astype(np.float64), "numbers": X.tolist(), "set": images,
        "list": [image.descriptors for image in images], "tuple of sets": tuple(images),
    }


@pytest.fixture(scope="module", params=KINDS, ids=by_name)
def fitted(request):
    return request.param(**SMALL[request.param.__name__]).fit(sets().descriptors)


@pytest.mark.parametrize("kind", KINDS, ids=by_name)
def test_parameters_are_declared_in_order(kind):
    assert list(kind.PARAMETERS) == list(inspect.signature(kind).parameters)
    kind().check_params()


def test_rows_come_in_any_form(fitted):
    expected = outputs(fitted, sets().descriptors)
    assert expected
    for name, X in forms(sets()).items():
        other = clone(fitted).fit(X)
        for method, found in outputs(other, X).items():
            assert_array_equal(found, expected[method], err_msg=f"{name} {method}")
    small = sets(np.uint8)
    for X in (small, small.descriptors):
        for method, found in outputs(clone(fitted).fit(X), X).items():
            assert found.shape == expected[method].shape, method


def test_blocks_give_what_the_array_gives(fitted):
    if isinstance(fitted, DescriptorPCA):
        pytest.skip("takes arrays and sets")
    X = sets().descriptors
    other = clone(fitted).fit(ArrayBlocks(X))
    for method, found in outputs(other, X).items():
        assert_array_equal(found, outputs(fitted, X)[method])


def test_saved_and_loaded(fitted, tmp_path):
    save_model(fitted, tmp_path / "model")
    loaded, X = load_model(tmp_path / "model"), sets()
    for method, found in outputs(loaded, X).items():
        assert_array_equal(found, outputs(fitted, X)[method])
    assert repr(loaded.get_params()) == repr(fitted.get_params())


@pytest.mark.parametrize("kind", KINDS, ids=by_name)
def test_what_needs_fitting_says_so(kind):
    unfitted = kind(**SMALL[kind.__name__])
    for method in (*METHODS, "score"):
        if hasattr(unfitted, method):
            with pytest.raises(NotFittedError):
                getattr(unfitted, method)(sets())
    for method in ("word_search", "prepared", "get_feature_names_out"):
        if hasattr(kind, method):
            with pytest.raises(NotFittedError):
                getattr(unfitted, method)()


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in kind.PARAMETERS])
def test_wrong_values_are_refused_by_name_before_anything_is_learnt(kind, name):
    declared = kind.PARAMETERS[name]
    declared = declared.kind if isinstance(declared, Optional) else declared
    wrong = ["mex"]
    if isinstance(declared, Integer):
        wrong += [declared.minimum - 1, 2.5, True]
    if isinstance(declared, Number):
        wrong += [-1e-9, np.inf] + ([0] if declared.exclusive else [])
    for value in wrong:
        estimator = kind(**{**SMALL[kind.__name__], name: value})
        with pytest.raises(ParameterError, match=rf"^{name}[=\[ ]"):
            estimator.fit(sets())
        assert not hasattr(estimator, "n_features_in_")


@pytest.mark.parametrize("kind", KINDS, ids=by_name)
def test_generators_and_random_states_seed(kind):
    if "random_state" not in kind.PARAMETERS:
        pytest.skip("nothing is drawn")
    for state in (np.random.RandomState, np.random.default_rng):
        drawn = [kind(**SMALL[kind.__name__], random_state=state(3)) for _ in range(2)]
        one, other = (outputs(estimator.fit(sets()), sets()) for estimator in drawn)
        for method, found in one.items():
            assert_array_equal(found, other[method])


def test_reduced_sets_keep_their_images():
    pca = DescriptorPCA(2).fit(sets())
    reduced = pca.transform(sets())
    assert isinstance(reduced, DescriptorSet) and len(reduced) == 4
    assert_array_equal(reduced.descriptors, pca.transform(sets().descriptors))
    assert_array_equal(reduced.positions(), sets().positions())
    assert isinstance(pca.transform([sets().descriptors[:4]]), DescriptorSet)
    with pytest.raises(ParameterError, match="X has 3 columns; 6 are expected"):
        pca.transform([np.ones((5, 3))])
    pytest.importorskip("pandas")
    pca.set_output(transform="pandas")
    assert list(pca.transform(sets().descriptors).columns) == list(pca.get_feature_names_out())
    assert_array_equal(pca.transform(sets()).descriptors, reduced.descriptors)
