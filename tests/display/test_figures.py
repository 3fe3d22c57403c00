"""Figures show what they are given."""

import cv2
import numpy as np

from bovw.display.figures import hedging_figure, png_bytes
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
