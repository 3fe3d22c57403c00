"""Dense local descriptors and the container that holds them."""

from .descriptor_set import DescriptorSet, as_descriptor_set
from .hog import HOG, hog, hog_blocks, hog_patches, hog_window
from .hog_glyphs import hog_image
from .sift import DenseSIFT, dsift

__all__ = [
    "HOG", "DenseSIFT", "DescriptorSet", "as_descriptor_set", "dsift", "hog", "hog_blocks", "hog_image",
    "hog_patches", "hog_window",
]
