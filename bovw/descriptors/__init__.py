"""Dense local descriptors and the container that holds them."""

from .color_statistics import ColorStatistics, color_statistics
from .descriptor_set import DescriptorSet, as_descriptor_set
from .gist import GIST, gist, gist_patches
from .hog import HOG, HOGWindow, hog, hog_blocks, hog_patches, hog_window
from .hog_glyphs import hog_image
from .lbp import LBP, LBPHistogram, lbp, lbp_codes, lbp_histogram, lbp_patches
from .raw_patches import RawPatches, raw_patches
from .sift import DenseSIFT, dsift
from .store import DescriptorStore
from .tiny_image import TinyImage, tiny_image

__all__ = [
    "GIST", "HOG", "LBP", "ColorStatistics", "DenseSIFT", "DescriptorSet", "DescriptorStore", "HOGWindow",
    "LBPHistogram", "RawPatches", "TinyImage", "as_descriptor_set", "color_statistics", "dsift", "gist", "gist_patches",
    "hog", "hog_blocks", "hog_image", "hog_patches", "hog_window", "lbp", "lbp_codes", "lbp_histogram", "lbp_patches",
    "raw_patches", "tiny_image",
]
