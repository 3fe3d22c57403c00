"""Dense local descriptors and the container that holds them."""

from .binary_patterns import LBP, LBPHistogram, lbp, lbp_codes, lbp_histogram, lbp_patches
from .color_moments import ColorStatistics, color_statistics
from .descriptor_set import DescriptorSet, as_descriptor_set
from .hog_glyphs import hog_image
from .oriented_gradients import HOG, HOGWindow, hog, hog_blocks, hog_patches, hog_window
from .pixel_patches import RawPatches, raw_patches
from .sift import DenseSIFT, dsift
from .spatial_envelope import GIST, gist, gist_patches
from .thumbnails import TinyImage, tiny_image

__all__ = [
    "GIST", "HOG", "LBP", "ColorStatistics", "DenseSIFT", "DescriptorSet", "HOGWindow",
    "LBPHistogram", "RawPatches", "TinyImage", "as_descriptor_set", "color_statistics", "dsift", "gist", "gist_patches",
    "hog", "hog_blocks", "hog_image", "hog_patches", "hog_window", "lbp", "lbp_codes", "lbp_histogram", "lbp_patches",
    "raw_patches", "tiny_image",
]
