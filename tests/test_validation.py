"""Messages of the argument checks."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

import bovw
from bovw import ParameterError
from bovw._validation import check_int, shown


def test_values_are_shown_as_python_writes_them_on_one_line():
    for value in (3, 0.5, "a", [1, "b"], (1,), (), [], None, {"a": (1, 2)}, np.float32(2), LinearSVC):
        assert shown(value) == repr(value)
    assert shown(np.zeros((2, 2))) == "array([[0., 0.], [0., 0.]])"
    assert shown([("a", bovw.BovwClassifier(bovw.ImageEncoder()))]) == "[('a', BovwClassifier(...))]"


@pytest.mark.parametrize("wrong", [
    lambda model: bovw.FusedClassifier([("a", model)]),
    lambda model: bovw.FusedClassifier(model),
    lambda model: bovw.BovwClassifier([model]),
    lambda model: bovw.BovwClassifier(classifier=bovw.ImageEncoder(pca=bovw.DescriptorPCA(4))),
    lambda model: bovw.BovwClassifier(on_error=model),
    lambda model: bovw.ImageEncoder(n_images=model),
    lambda model: bovw.ImageEncoder(bovw.DenseSIFT(step=5, root=True), pca=bovw.DescriptorPCA(400)),
], ids=range(7))
def test_messages_hold_no_representation_of_a_whole_estimator(wrong):
    model = bovw.BovwClassifier(bovw.ImageEncoder(bovw.DenseSIFT(step=5), n_descriptors=1000), on_error="skip")
    with pytest.raises(ParameterError, match=r"(BovwClassifier|ImageEncoder|DenseSIFT)\(\.\.\.\)") as caught:
        wrong(model).check_params()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_an_estimator_for_a_number_is_named():
    with pytest.raises(ParameterError, match=r"n=DenseSIFT\(\.\.\.\) must be an integer"):
        check_int("n", bovw.DenseSIFT())


X = np.random.default_rng(0).random((9, 3), np.float32)


@pytest.mark.parametrize("coder", [
    bovw.llc, bovw.lcc, bovw.vlad, bovw.hard_assignment, bovw.super_vector, bovw.triangle_assignment,
    lambda X, words: bovw.fisher_vector(X, [1.0], words, words),
], ids=range(7))
def test_a_codebook_in_the_place_of_its_words_is_named(coder):
    words = bovw.KMeansCodebook(5, random_state=0).fit(X)
    with pytest.raises(ParameterError, match=r"(words|means) is a KMeansCodebook; give its words_, or .*with_codebook"):
        coder(X, words)
    with pytest.raises(ParameterError, match=r"(words|means) is a GMMCodebook; give its means_"):
        coder(X, bovw.GMMCodebook(2).fit(X))
    with pytest.raises(ParameterError, match=r"(words|means) is a KMeansCodebook; give an array"):
        coder(X, bovw.KMeansCodebook(5))


@pytest.mark.parametrize("learner", [bovw.KMeansCodebook(64), bovw.GMMCodebook(64), bovw.HierarchicalKMeans(64)],
                         ids=lambda learner: type(learner).__name__)
def test_too_few_descriptors_are_said_with_whom_they_do_not_suffice(learner):
    message = rf"=64 needs at least 64 descriptors, got n_samples=9 for {type(learner).__name__}; lower"
    with pytest.raises(ParameterError, match=message):
        learner.fit(X)
