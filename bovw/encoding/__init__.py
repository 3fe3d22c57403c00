"""Encodings of descriptor sets over a codebook, one interface for all."""

from .base import Encoder
from .concatenation import Concatenation
from .fisher import FisherVector, fisher_vector
from .hard import HardAssignment, hard_assignment
from .kernel_map import HomogeneousKernelMap, hellinger_map, homogeneous_kernel_map
from .lcc import LCC, lcc
from .llc import LLC, llc
from .normalization import normalize
from .soft import SoftAssignment, soft_assignment
from .super_vector import SuperVector, super_vector
from .triangle import TriangleAssignment, triangle_assignment
from .vlad import VLAD, vlad
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
