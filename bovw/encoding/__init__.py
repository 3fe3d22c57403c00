"""Encodings of descriptor sets over a codebook, one interface for all."""

from .base import Encoder
from .fisher import FisherVector, fisher_vector
from .hard import HardAssignment, hard_assignment
from .llc import LLC, llc

__all__ = ["LLC", "Encoder", "FisherVector", "HardAssignment", "fisher_vector", "hard_assignment", "llc"]
