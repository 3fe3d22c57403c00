"""Dense local descriptors and the container that holds them."""

from .descriptor_set import DescriptorSet, as_descriptor_set
from .sift import DenseSIFT, dsift

__all__ = ["DenseSIFT", "DescriptorSet", "as_descriptor_set", "dsift"]
