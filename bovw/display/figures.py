"""Figures of results, drawn without a screen."""

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def confusion_figure(confusion, classes, *, title=None):
    """The confusion matrix, rows normalised to per cent.

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
    figure = Figure(figsize=(side, side * 0.92), layout="constrained")
    FigureCanvasAgg(figure)
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
    columns : int

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(2.5 * columns, 1.45 * rows), layout="constrained")
    FigureCanvasAgg(figure)
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


def hedging_figure(curves, *, most, fitted=(), title=None):
    """Accuracy against the information that answers give.

    Parameters
    ----------
    curves : dict of str to list of HedgePoint
        Of each method the points of its trade-off, as from
        :func:`bovw.hedging_curve`.
    most : float
        Information of a class, in bits: log2 of the number of classes.
    fitted : sequence of (float, HedgePoint, Interval)
        Wanted accuracies, what came out on other images, and the interval of its accuracy.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
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
            label="answered for a wanted accuracy (grey line)" if i == 0 else None,
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


def png_bytes(figure, dpi=110):
    """A figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()
