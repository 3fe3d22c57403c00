"""Balanced sampling of descriptors over images."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bovw.codebook import sample_descriptors
from bovw.descriptors.descriptor_set import DescriptorSet
from bovw.errors import ParameterError
from tests.reference import sampling as reference


def image(number, n):
    """An image whose descriptors tell where they come from: (image, row)."""
    rows = np.arange(n, dtype=np.float32)
    frames = np.stack([rows, 2 * rows, np.ones(n), np.zeros(n)], axis=1)
    return DescriptorSet(
        np.stack([np.full(n, number), rows], axis=1),
        frames=frames,
        norms=rows / 7,
        sizes=[(200 + number, 300)],
    )


def origins(sample):
    return [tuple(map(int, row)) for row in sample.descriptors]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=25), st.integers(1, 200), st.integers(0, 1000))
def test_images_take_turns(sizes, wanted, seed):
    sample = sample_descriptors((image(i, n) for i, n in enumerate(sizes)), wanted, random_state=seed)
    taken = origins(sample)
    assert len(taken) == len(set(taken)) == min(wanted, sum(sizes))
    assert taken == sorted(taken)
    base, ready, left = reference.counts_per_image(sizes, wanted)
    extra = np.array([sum(i == number for i, _ in taken) for number in range(len(sizes))]) - base
    assert set(np.flatnonzero(extra)) <= set(ready)
    assert extra.sum() == left
    assert extra.max() <= 1


def test_parts_follow_their_descriptors():
    sample = sample_descriptors([image(i, 40) for i in range(9)], 50)
    numbers, rows = sample.descriptors.T
    np.testing.assert_array_equal(sample.frames[:, 0], rows)
    np.testing.assert_array_equal(sample.norms, rows / np.float32(7))
    assert len(sample) == 9
    np.testing.assert_array_equal(sample.sizes[:, 0], 200 + np.arange(9))
    np.testing.assert_allclose(sample.positions()[:, 1], (2 * rows + 0.5) / (200 + numbers), rtol=1e-6)


def test_set_list_and_generator_give_the_same():
    images = [image(i, 30 + i) for i in range(12)]
    as_list = sample_descriptors(images, 100, random_state=5)
    for other in (
        iter(images),
        DescriptorSet.concatenate(images),
        [DescriptorSet.concatenate(images[:5]), DescriptorSet.concatenate(images[5:])],
    ):
        np.testing.assert_array_equal(
            sample_descriptors(other, 100, random_state=5).descriptors, as_list.descriptors
        )


def test_an_image_keeps_its_order_whatever_the_others_hold():
    # What image 2 gives does not depend on the contents of the others, nor on how many are seen later.
    few = sample_descriptors([image(0, 50), image(1, 9), image(2, 50)], 30)
    more = sample_descriptors([image(7, 50), image(8, 9), image(2, 50), image(3, 50)], 1000)
    assert {row for number, row in origins(few) if number == 2} < {
        row for number, row in origins(more) if number == 2
    }
    assert origins(sample_descriptors([image(0, 5)], 1000)) == [(0, row) for row in range(5)]


def test_descriptors_and_images_have_equal_chances():
    rows = np.zeros(10)
    numbers = np.zeros(20)
    for seed in range(600):
        for number, row in origins(
            sample_descriptors([image(i, 10) for i in range(20)], 5, random_state=seed)
        ):
            numbers[number] += 1
            rows[row] += 1
    # 3000 draws: 150 an image, 300 a row; six standard deviations of a binomial count.
    assert np.abs(numbers - 150).max() < 6 * np.sqrt(150)
    assert np.abs(rows - 300).max() < 6 * np.sqrt(300)


def test_cap_per_image():
    sample = sample_descriptors([image(0, 100), image(1, 100), image(2, 3)], 1000, max_per_image=20)
    np.testing.assert_array_equal(np.diff(sample.offsets), [20, 20, 3])


def test_memory_is_bounded():
    tracemalloc.start()
    sample = sample_descriptors((np.full((1000, 32), i, np.float32) for i in range(200)), 100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(sample) == sample.n_descriptors == 100
    assert peak < 2e6  # all images together are 25.6 MB, one is 0.13 MB


def test_seed_decides():
    images = [image(i, 100) for i in range(3)]
    one, again, other = (origins(sample_descriptors(images, 30, random_state=seed)) for seed in (1, 1, 2))
    assert one == again != other


def test_plain_arrays_and_uint8():
    X = np.arange(60, dtype=np.uint8).reshape(20, 3)
    sample = sample_descriptors([X, X], 10)
    assert sample.descriptors.dtype == np.uint8
    assert sample.frames is None
    assert sample_descriptors([np.empty((0, 3))], 4).n_descriptors == 0


def test_bad_input_is_named():
    with pytest.raises(ParameterError, match="descriptor_sets is empty"):
        sample_descriptors([], 5)
    with pytest.raises(ParameterError, match="image 1 has descriptors of size 2, those before of size 3"):
        sample_descriptors([np.ones((2, 3)), np.ones((2, 2))], 5)
    with pytest.raises(ParameterError, match="wrap a single image"):
        sample_descriptors(np.ones((4, 3)), 2)
    with pytest.raises(ParameterError, match="n_descriptors=0"):
        sample_descriptors([np.ones((4, 3))], 0)
    with pytest.raises(ParameterError, match="max_per_image=0"):
        sample_descriptors([np.ones((4, 3))], 1, max_per_image=0)
