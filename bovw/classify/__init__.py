"""Classifiers over signatures: one-vs-rest machines, nearest neighbors, calibration, fusion, top-k ranking.

What all classifiers can do is written in ``bovw.classify.contract``.
"""

from .adapter import as_classifier
from .averaged_descent import averaged_sgd
from .calibration import PlattScaling, TemperatureScaling, best_temperature, platt_parameters, softmax
from .contract import ClassifierContract
from .cost import FitCost, Machine
from .fusion import ScoreFusion, fuse_scores, fusion_weights
from .kernels import chi2_kernel, intersection_kernel
from .nearest_neighbor import NearestNeighbor
from .one_vs_rest import OneVsRestDual
from .one_vs_rest_primal import OneVsRestPrimal
from .out_of_fold import held_out_folds, out_of_fold_scores, possible_folds
from .ranking import score_matrix, top_k
from .sgd import OneVsRestSGD
from .standardized import StandardizedClassifier
from .targets import is_indicator, read_labels, read_targets

__all__ = [
    "ClassifierContract", "FitCost", "Machine", "NearestNeighbor", "OneVsRestDual", "OneVsRestPrimal", "OneVsRestSGD",
    "PlattScaling", "ScoreFusion", "StandardizedClassifier", "TemperatureScaling", "as_classifier", "averaged_sgd",
    "best_temperature", "chi2_kernel", "fuse_scores", "fusion_weights", "held_out_folds", "intersection_kernel",
    "is_indicator", "out_of_fold_scores", "platt_parameters", "possible_folds", "read_labels", "read_targets",
    "score_matrix", "softmax", "top_k",
]
