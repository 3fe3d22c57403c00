"""What every public encoder keeps to: inputs, methods, files, clones, wrong values, and its plain function."""

import inspect
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

import bovw
from bovw import DescriptorPCA, DescriptorSet, GMMCodebook, KMeansCodebook, ParameterError, SparseCodes
from bovw._parameters import Integer, Number, Optional
from bovw.encoding import Encoder
from bovw.persist import load_model, save_model

PUBLIC = [getattr(bovw, name) for name in bovw.__all__]
KINDS = [kind for kind in PUBLIC if isinstance(kind, type) and issubclass(kind, Encoder)]
OVER_A_CODEBOOK = [kind for kind in KINDS if kind.needs_codebook]
ROWS = 6  # of each image, as one encoder asks for a constant number


def by_name(kind):
    return kind.__name__


def small(kind):
    """An encoder with a codebook of 7, and all its other parameters at their defaults."""
    if kind is bovw.Concatenation:
        return kind(ROWS)
    if kind is bovw.WordCounts:
        return kind(7)
    size = "n_components" if kind.PARAMETERS["codebook"].default is GMMCodebook else "n_words"
    return kind().set_params(**{f"codebook__{size}": 7})


def images_for(kind, dtype=np.float32):
    """Ten images of six descriptors each."""
    rng = np.random.default_rng(4)
    if kind is bovw.WordCounts:
        X = rng.integers(7, size=(10 * ROWS, 1))
    else:
        X = rng.integers(0, 200, size=(10 * ROWS, 5))
    return DescriptorSet(X.astype(dtype), np.arange(11) * ROWS)


def forms(sets):
    """The rows of descriptor sets in all the forms that a pool of rows may have."""
    X = sets.descriptors
    return {
        "array": X, "float64": X.astype(np.float64), "numbers": X.tolist(), "set": sets,
        "list": [image.descriptors for image in sets],
        "tuple of sets": tuple(sets), "sets of several images": [sets[:4], sets[4:]],
    }


@pytest.fixture(scope="module", params=KINDS, ids=by_name)
def encoder(request):
    return small(request.param).fit(images_for(request.param))


@pytest.mark.parametrize("kind", KINDS, ids=by_name)
def test_parameters_are_declared_in_order(kind):
    assert list(kind.PARAMETERS) == list(inspect.signature(kind).parameters)
    kind().check_params()


def test_fit_takes_rows_in_any_form(encoder):
    sets = images_for(type(encoder))
    expected = encoder.transform(sets)
    for name, X in forms(sets).items():
        assert_array_equal(clone(encoder).fit(X).transform(sets), expected, err_msg=name)
    small_numbers = images_for(type(encoder), np.uint8)
    assert_array_equal(clone(encoder).fit(small_numbers).transform(small_numbers), expected)


def test_methods_take_rows_in_any_form(encoder):
    sets = images_for(type(encoder))
    part = sets[:1] if isinstance(encoder, bovw.Concatenation) else sets
    for name, X in forms(part).items():
        assert_array_equal(encoder.encode(X), encoder.encode(part.descriptors), err_msg=name)
        assert_array_equal(encoder.pool(X), encoder.encode(part.descriptors)[None], err_msg=name)
        if hasattr(encoder, "codes"):
            codes = encoder.codes(X)
            for ours, theirs in zip(codes, encoder.codes(part.descriptors), strict=True):
                assert_array_equal(ours, theirs, err_msg=name)


def test_transform_codes_image_by_image(encoder):
    sets = images_for(type(encoder))
    codes = encoder.transform(sets)
    assert codes.dtype == np.float32 and codes.shape == (10, encoder.code_size)
    assert_array_equal(codes, [encoder.encode(image) for image in sets])
    assert_array_equal(encoder.transform([image.descriptors for image in sets]), codes)
    assert_array_equal(encoder.transform(tuple(sets)), codes)
    if encoder.code_size == 7:  # of words: an array is images of one descriptor
        rows = sets.descriptors[:3]
        assert_array_equal(encoder.transform(rows), [encoder.encode(row[None]) for row in rows])
    nothing = DescriptorSet(np.empty((0, sets.descriptor_size)), [0, 0])
    assert (encoder.transform(nothing) == 0).all()


def test_codes_add_up_to_what_is_pooled(encoder):
    if hasattr(encoder, "codes"):
        X = images_for(type(encoder)).descriptors
        codes = encoder.codes(X)
        if isinstance(codes, SparseCodes):
            assert codes.n_words == 7 and codes.indices.dtype == np.int32
            codes = codes.to_dense()
        assert codes.dtype == np.float32 and codes.shape == (len(X), 7)
        assert_allclose(encoder.encode(X, pooling="sum"), codes.sum(axis=0), rtol=1e-5, atol=1e-3)


def test_output_has_names_and_can_be_a_frame(encoder):
    pytest.importorskip("pandas")
    sets = images_for(type(encoder))
    framed = clone(encoder).set_output(transform="pandas").fit(sets).transform(sets)
    assert list(framed.columns) == list(encoder.get_feature_names_out())
    assert_array_equal(framed.to_numpy(), encoder.transform(sets))


def test_saved_and_loaded(encoder, tmp_path):
    save_model(encoder, tmp_path / "model")
    loaded, sets = load_model(tmp_path / "model"), images_for(type(encoder))
    assert_array_equal(loaded.transform(sets), encoder.transform(sets))
    assert repr(loaded.get_params()) == repr(encoder.get_params())


@pytest.mark.parametrize("kind", KINDS, ids=by_name)
def test_what_needs_fitting_says_so(kind):
    if kind is bovw.WordCounts:
        pytest.skip("learns nothing")
    unfitted, sets = small(kind), images_for(kind)
    for method in ("encode", "pool", "codes", "transform"):
        if hasattr(kind, method):
            with pytest.raises(NotFittedError):
                getattr(unfitted, method)(sets)
    for size in ("code_size", "block_size"):
        if size == "code_size" or unfitted.has_blocks:
            with pytest.raises(NotFittedError):
                getattr(unfitted, size)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in kind.PARAMETERS])
def test_wrong_values_are_refused_by_name_before_anything_is_learnt(kind, name):
    declared = kind.PARAMETERS[name]
    declared = declared.kind if isinstance(declared, Optional) else declared
    wrong = [object(), "mex", True] if name != "weight_gradient" and name != "mass_normalize" else [object(), "mex", 1]
    if isinstance(declared, Integer):
        wrong += [declared.minimum - 1, 2.5]
    if isinstance(declared, Number):
        wrong += [declared.minimum - 1e-9, np.nan]
        wrong += [declared.minimum] if declared.exclusive else []
        wrong += [] if declared.maximum is None else [declared.maximum + 1e-9]
    for value in wrong:
        encoder = small(kind).set_params(**{name: value})
        with pytest.raises(ParameterError, match=f"^{name}="):
            encoder.fit(images_for(kind))
        assert not hasattr(encoder, "n_features_in_") or kind is bovw.WordCounts


@pytest.mark.parametrize("kind", OVER_A_CODEBOOK, ids=by_name)
def test_a_codebook_of_another_kind_is_refused(kind):
    X = images_for(kind).descriptors
    mixtures = kind.PARAMETERS["codebook"].default is GMMCodebook
    other = KMeansCodebook(3) if mixtures else GMMCodebook(3)
    rule = "posteriors; give a GMMCodebook" if mixtures else "word_search; give a KMeansCodebook or HierarchicalKMeans"
    with pytest.raises(ParameterError, match=f"^codebook={type(other).__name__}.* has no {rule}"):
        kind(other).fit(X)
    with pytest.raises(ParameterError, match=r"^codebook="):
        kind.with_codebook(other.fit(X))
    with pytest.raises(NotFittedError):
        kind.with_codebook(clone(small(kind).codebook), **({"sigma": 1.0} if kind is bovw.SoftAssignment else {}))
    with pytest.raises(ParameterError, match=r"^n_(words|components)=0 "):
        small(kind).set_params(**{f"codebook__{'n_components' if mixtures else 'n_words'}": 0}).fit(X)


@pytest.mark.parametrize("kind", OVER_A_CODEBOOK, ids=by_name)
def test_a_pipeline_reduces_and_codes(kind):
    sets = images_for(kind)
    fitted = make_pipeline(DescriptorPCA(3), small(kind)).fit(sets)
    reduced = DescriptorPCA(3).fit(sets.descriptors).transform(sets.descriptors)
    alone = small(kind).fit(reduced)
    assert_array_equal(fitted.transform(sets), alone.transform(sets.replace(reduced)))


@pytest.mark.parametrize("kind", OVER_A_CODEBOOK, ids=by_name)
def test_the_plain_function_does_the_same(kind):
    root = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    function, encoder, X = getattr(bovw, root), small(kind).fit(images_for(kind)), images_for(kind).descriptors
    parameters = inspect.signature(function).parameters
    own = [name for name in kind.PARAMETERS if name != "codebook"]
    assert [name for name in parameters if name in own] == own
    defaults = inspect.signature(kind).parameters
    for name in own:
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert name == "sigma" or parameters[name].default == defaults[name].default
    book = encoder.codebook_
    learned = (book.weights_, book.means_, book.variances_) if isinstance(book, GMMCodebook) else (book.words_,)
    more = {name: getattr(encoder, f"{name}_") for name in ("sigma", "probabilities") if hasattr(encoder, f"{name}_")}
    expected = encoder.codes(X) if hasattr(encoder, "codes") else encoder.encode(X)
    for rows in forms(images_for(kind)).values():
        found = function(rows, *learned, **more)
        assert type(found) is type(expected)
        for ours, theirs in zip(found, expected, strict=True):
            assert_array_equal(ours, theirs)
    with pytest.raises(ParameterError):
        function(X[:, :2], *learned, **more)
    for name in own:
        with pytest.raises(ParameterError, match=f"^{name}="):
            function(X, *learned, **{**more, name: object()})
