"""Classifiers over signatures: one-vs-rest support vector machines, kernels, top-k ranking."""

from .kernels import chi2_kernel, intersection_kernel
from .one_vs_rest import OneVsRestDual
from .ranking import score_matrix, top_k

__all__ = ["OneVsRestDual", "chi2_kernel", "intersection_kernel", "score_matrix", "top_k"]
