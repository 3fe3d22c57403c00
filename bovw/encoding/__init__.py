"""Encodings of descriptor sets over a codebook, one interface for all."""

from .aggregated_residuals import VLAD, vlad
from .base import Encoder
from .concatenation import Concatenation
from .coordinate_coding import LCC, lcc
from .fisher import FisherVector, fisher_vector
from .hard import HardAssignment, hard_assignment
from .kernel_map import HomogeneousKernelMap, hellinger_map, homogeneous_kernel_map
from .locality_coding import LLC, llc
from .normalization import normalize
from .soft import SoftAssignment, soft_assignment
from .sparse import SparseCodes
from .super_vectors import SuperVector, super_vector
from .triangle import TriangleAssignment, triangle_assignment
from .word_counts import WordCounts

__all__ = [
    "LCC",
    "LLC",
    "VLAD",
    "Concatenation",
    "Encoder",
    "FisherVector",
    "HardAssignment",
    "HomogeneousKernelMap",
    "SoftAssignment",
    "SparseCodes",
    "SuperVector",
    "TriangleAssignment",
    "WordCounts",
    "fisher_vector",
    "hard_assignment",
    "hellinger_map",
    "homogeneous_kernel_map",
    "lcc",
    "llc",
    "normalize",
    "soft_assignment",
    "super_vector",
    "triangle_assignment",
    "vlad",
]
