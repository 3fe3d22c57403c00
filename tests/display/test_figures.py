"""Figures show what they are given."""

import cv2
import numpy as np
import pytest

import bovw
from bovw.display.figures import hedging_figure, png_bytes, pyramid_figure, word_map_figure, word_patches_figure
from bovw.evaluation import HedgePoint, Interval


def test_the_hedging_figure_has_curves_and_fitted_points():
    curves = {
        "hedged": [HedgePoint(0.0, 0.8, 2.5, 0.99), HedgePoint(5.0, 0.95, 2.2, 0.7)],
        "leaves": [HedgePoint(0.0, 0.8, 2.5, 1.0), HedgePoint(0.5, 0.95, 2.0, 0.6)],
    }
    fitted = [(0.9, HedgePoint(3.0, 0.89, 2.3, 0.8), Interval(0.89, 0.86, 0.92, 0.95))]
    figure = hedging_figure(curves, most=np.log2(10), fitted=fitted)
    axes = figure.axes[0]
    shown = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert shown["hedged"] == [[80.0, 2.5], [95.0, 2.2]]
    assert shown["leaves"] == [[80.0, 2.5], [95.0, 2.0]]
    assert [89.0, 2.3] in [point for line in axes.lines for point in line.get_xydata().tolist()]
    image = cv2.imdecode(np.frombuffer(png_bytes(figure), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape[0] > 300 and image.std() > 10


def test_the_word_map_has_a_color_a_word_where_its_patches_are():
    image = np.random.default_rng(0).integers(0, 256, (40, 60), dtype=np.uint8)
    described = bovw.DenseSIFT(step=5, bin_size=(3, 4)).transform([image])
    words = np.arange(described.n_descriptors) % 7
    figure = word_map_figure(image, described.frames, words, title="noise")
    left, right = figure.axes
    assert left.get_xlim() == right.get_xlim()
    colors = right.images[0].get_array()
    first = described.frames[:, 2] == described.frames[0, 2]
    xs, ys = (np.unique(described.frames[first, k]) for k in (0, 1))
    assert colors.shape == (len(ys), len(xs), 3)
    assert len(np.unique(colors.reshape(-1, 3), axis=0)) == 7
    x, y = described.frames[9, :2]
    same = np.flatnonzero(words[first] == words[9])
    for i in same:
        at = described.frames[i]
        np.testing.assert_array_equal(colors[ys == at[1], xs == at[0]], colors[ys == y, xs == x])
    low, high, bottom, top = right.images[0].get_extent()
    assert (low, high) == (xs[0] - 2.5, xs[-1] + 2.5)
    assert (top, bottom) == (ys[0] - 2.5, ys[-1] + 2.5)
    with pytest.raises(bovw.ParameterError, match="one word a frame"):
        word_map_figure(image, described.frames, words[1:])


def test_the_pyramid_figure_draws_every_cell_and_its_code():
    image = np.zeros((30, 40), np.uint8)
    codes = np.arange(7 * 5, dtype=np.float32)
    figure = pyramid_figure(image, ("1x1", "3x2"), codes)
    pictures = [axes for axes in figure.axes if axes.images]
    assert [len(axes.patches) for axes in pictures] == [1, 6]
    box = pictures[1].patches[3]  # row 1, column 1 of 3 x 2
    assert (*box.get_xy(), box.get_width(), box.get_height()) == pytest.approx((19.5, 9.5, 20, 10))
    drawn = [axes for axes in figure.axes if not axes.images]
    highest = [max(path.vertices[:, 1].max() for path in axes.collections[0].get_paths()) for axes in drawn]
    assert highest == [4, 9, 14, 19, 24, 29, 34]
    with pytest.raises(bovw.ParameterError, match="7 cells cannot share"):
        pyramid_figure(image, ("1x1", "3x2"), codes[1:])


def test_patches_of_words_stand_in_rows():
    patches = [[np.full((4, 4), 10 * i + j, np.uint8) for j in range(3 - i)] for i in range(2)]
    figure = word_patches_figure(patches, title="words")
    assert [int(axes.images[0].get_array()[0, 0]) for axes in figure.axes] == [0, 1, 2, 10, 11]
    bottoms = [axes.get_position().y0 for axes in figure.axes]
    assert bottoms[0] == bottoms[2] > bottoms[3] == bottoms[4]
