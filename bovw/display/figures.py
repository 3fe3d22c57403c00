"""Figures of results, drawn without a screen."""

import io
import itertools

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..errors import ParameterError
from ..pooling import cell_boxes, parse_layouts


def confusion_figure(confusion, classes, *, title=None):
    """The confusion matrix, rows normalized to per cent.

    Parameters
    ----------
    confusion : array of shape (n_classes, n_classes)
        Counts; rows are true classes, columns predictions.
    classes : sequence of str
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    confusion = np.asarray(confusion, dtype=np.float64)
    n = len(classes)
    percent = 100 * confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    side = float(np.clip(2.2 + 0.42 * n, 4.5, 16))
    figure = _figure(side, side * 0.92)
    axes = figure.add_subplot()
    image = axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    if n <= 60:
        axes.set_xticks(range(n), classes, rotation=55, ha="right", rotation_mode="anchor", fontsize=8)
        axes.set_yticks(range(n), classes, fontsize=8)
    if n <= 25:
        for i, j in zip(*np.nonzero(percent >= 0.5), strict=True):
            axes.text(j, i, f"{percent[i, j]:.0f}", ha="center", va="center", fontsize=7,
                      color="white" if percent[i, j] > 55 else "0.15")
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    if title:
        axes.set_title(title, fontsize=10)
    figure.colorbar(image, ax=axes, shrink=0.75, label="% of the true class")
    return figure


def panel_figure(panels, *, columns=5):
    """Images with their best classes beside them, the true one in green.

    Parameters
    ----------
    panels : list of (image, truth, guesses)
        uint8 array, class name, list of class names best first.
    columns : int, default 5

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = -(-len(panels) // columns)
    figure = _figure(2.5 * columns, 1.45 * rows)
    for i, (image, truth, guesses) in enumerate(panels):
        axes = figure.add_subplot(rows, 2 * columns, 2 * i + 1)
        axes.imshow(image, cmap="gray")
        axes.set_axis_off()
        text = figure.add_subplot(rows, 2 * columns, 2 * i + 2)
        text.set_axis_off()
        for k, guess in enumerate(guesses):
            text.text(
                -0.15, 0.92 - 0.2 * k, f"{k + 1}. {guess}", fontsize=8, va="center", transform=text.transAxes,
                color="#0a7a3c" if guess == truth else "0.25", fontweight="bold" if guess == truth else "normal",
                clip_on=False,
            )
    return figure


def word_patches_figure(rows, *, title=None):
    """What visual words stand for: one row of patches a word.

    Parameters
    ----------
    rows : list of lists of images
        Gray or RGB uint8 arrays; a row may be shorter than others. Gray ones are stretched to their own contrast.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = max(len(row) for row in rows)
    figure = _figure(0.62 * columns, 0.62 * len(rows) + 0.4 * bool(title), title)
    for i, row in enumerate(rows):
        for j, patch in enumerate(row):
            axes = figure.add_subplot(len(rows), columns, i * columns + j + 1)
            axes.imshow(patch, cmap="gray")
            axes.set_axis_off()
    return figure


def word_map_figure(image, frames, words, *, title=None):
    """An image and beside it the words of its patches, each word in a color of its own.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3), uint8
    frames : array of shape (n, 4)
        Of patches on a regular grid, as ``DescriptorSet.frames`` has them: x, y, scale, angle. Of several scales the
        first is drawn.
    words : int array of shape (n,)
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        If there is no patch, or not one word a patch.
    """
    frames, words = np.asarray(frames), np.asarray(words)
    if not len(frames) or words.shape != (len(frames),):
        raise ParameterError(f"words has shape {words.shape} for {len(frames)} frames; one word a frame is needed")
    first = frames[:, 2] == frames[0, 2]
    xs, columns = np.unique(frames[first, 0], return_inverse=True)
    ys, rows = np.unique(frames[first, 1], return_inverse=True)
    colors = np.ones((len(ys), len(xs), 3))
    colors[rows, columns] = _word_colors(words[first])
    side = 5.2
    figure = _figure(2 * side, side * image.shape[0] / image.shape[1] + 0.35, title)
    steps = [np.diff(axis).min() / 2 if len(axis) > 1 else 4 for axis in (xs, ys)]
    extent = (xs[0] - steps[0], xs[-1] + steps[0], ys[-1] + steps[1], ys[0] - steps[1])
    for i, (picture, where) in enumerate(((image, None), (colors, extent))):
        axes = figure.add_subplot(1, 2, i + 1)
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255, extent=where, interpolation="nearest")
        axes.set_xlim(-0.5, image.shape[1] - 0.5)
        axes.set_ylim(image.shape[0] - 0.5, -0.5)
        axes.set_axis_off()
    return figure


def pyramid_figure(image, cells, signature, *, title=None):
    """The cells of a pyramid on an image, and the code of each cell under it.

    Parameters
    ----------
    image
        As in :func:`word_map_figure`.
    cells : sequence of str
        Layouts "ROWSxCOLUMNS", as ``SpatialPyramid`` has them.
    signature : array of shape (n_cells * code_size,)
        Codes of the cells side by side, as ``SpatialPyramid.encode`` gives them.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        If the signature cannot be divided evenly among the cells.
    """
    _, boxes = cell_boxes(cells)
    if len(signature) % len(boxes):
        raise ParameterError(f"signature has {len(signature)} numbers, which {len(boxes)} cells cannot share evenly")
    codes = np.reshape(signature, (len(boxes), -1))
    height, width = image.shape[:2]
    figure = _figure(3.4 * len(cells), 3.4 * height / width + 3.2, title)
    top, bottom = figure.subfigures(2, 1, height_ratios=(height / width, 0.85))
    parts = bottom.subfigures(1, len(cells), squeeze=False)[0]
    least, most = min(0.0, codes.min()), codes.max() or 1.0
    in_order = zip(boxes, codes, strict=True)  # in the order of the signature, layout after layout
    for i, (rows, columns) in enumerate(parse_layouts(cells)):
        picture = top.add_subplot(1, len(cells), i + 1)
        picture.imshow(image, cmap="gray", vmin=0, vmax=255)
        picture.set_axis_off()
        picture.set_title(cells[i], fontsize=10)
        for k, ((left, up, right, down), code) in enumerate(itertools.islice(in_order, rows * columns)):
            picture.add_patch(Rectangle(
                (left * width - 0.5, up * height - 0.5), (right - left) * width, (down - up) * height,
                fill=False, edgecolor="#ffb000", linewidth=1.5,
            ))
            axes = parts[i].add_subplot(rows, columns, k + 1)
            axes.fill_between(np.arange(len(code)), code, step="mid", color="#2f6fb3", linewidth=0)
            axes.set_xlim(-0.5, len(code) - 0.5)
            axes.set_ylim(least, most)
            axes.set_xticks([])
            axes.set_yticks([])
    return figure


def _word_colors(words):
    """A color for each word, (n, 3); those of neighboring numbers differ."""
    hue, saturation, value = (words[:, None] * np.array([0.6180, 0.7549, 0.5698])).T % 1  # no two words soon the same
    return hsv_to_rgb(np.stack([hue, 0.45 + 0.5 * saturation, 0.6 + 0.4 * value], axis=-1))


def hedging_figure(curves, *, most, fitted=(), title=None):
    """Accuracy against the information that answers give.

    Parameters
    ----------
    curves : dict of str to list of HedgePoint
        Of each method the points of its trade-off, as from
        :func:`bovw.hedging_curve`.
    most : float
        Information of a class, in bits: log2 of the number of classes.
    fitted : sequence of (float, HedgePoint, Interval), default ()
        Wanted accuracies, what came out on other images, and the interval of its accuracy.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = _figure(6.4, 4.4)
    axes = figure.add_subplot()
    styles = (("#2f6fb3", "-"), ("#b3412e", "--"), ("0.35", ":"))
    for (name, points), (color, line) in zip(curves.items(), styles, strict=False):
        accuracy, reward = (100 * np.array([p.accuracy for p in points]), np.array([p.reward for p in points]))
        axes.plot(accuracy, reward, line, color=color, label=name, linewidth=1.8)
    for i, (wanted, point, interval) in enumerate(fitted):
        axes.axvline(100 * wanted, color="0.8", linewidth=1, zorder=0)
        axes.errorbar(
            100 * point.accuracy, point.reward, xerr=100 * np.abs([[point.accuracy - interval.low],
                                                                  [interval.high - point.accuracy]]),
            fmt="o", color=styles[0][0], markersize=5, capsize=3,
            label="answered for a wanted accuracy (gray line)" if i == 0 else None,
        )
    axes.set_xlim(None, 100.4)
    axes.set_ylim(0, 1.03 * most)
    axes.axhline(most, color="0.8", linewidth=1, zorder=0)
    axes.text(0.01, most, "information of a class", va="bottom", fontsize=8, color="0.4",
              transform=axes.get_yaxis_transform())
    axes.set_xlabel("right answers, %")
    axes.set_ylabel("information, bits (0 if wrong)")
    axes.legend(frameon=False, fontsize=9, loc="lower left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if title:
        axes.set_title(title, fontsize=10)
    return figure


def _figure(width, height, title=None):
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    if title:
        figure.suptitle(title, fontsize=10)
    return figure


def png_bytes(figure, dpi=110):
    """A figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()
