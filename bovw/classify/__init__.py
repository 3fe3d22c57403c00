"""Classifiers over signatures: one-vs-rest support vector machines, nearest neighbours, kernels, top-k ranking."""

from .kernels import chi2_kernel, intersection_kernel
from .nearest_neighbor import NearestNeighbor
from .one_vs_rest import OneVsRestDual
from .ranking import score_matrix, top_k
from .standardized import StandardizedClassifier

__all__ = [
    "NearestNeighbor", "OneVsRestDual", "StandardizedClassifier", "chi2_kernel", "intersection_kernel", "score_matrix",
    "top_k",
]
