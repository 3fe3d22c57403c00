"""Dense local descriptors and the container that holds them."""

from .binary_patterns import LBP, LBPHistogram, lbp, lbp_cells, lbp_codes, lbp_histogram
from .color_moments import ColorStatistics, color_statistics
from .descriptor_set import DescriptorSet, as_descriptor_set
from .hog_glyphs import hog_image
from .local_descriptors import LocalDescriptors
from .oriented_gradients import HOG, HOGWindow, hog, hog_blocks, hog_cells, hog_window
from .pixel_patches import RawPatches, raw_patches
from .sift import DenseSIFT, dense_sift
from .spatial_envelope import GIST, gist
from .thumbnails import TinyImage, tiny_image

__all__ = [
    "GIST", "HOG", "LBP", "ColorStatistics", "DenseSIFT", "DescriptorSet", "HOGWindow",
    "LBPHistogram", "LocalDescriptors", "RawPatches", "TinyImage", "as_descriptor_set", "color_statistics",
    "dense_sift", "gist", "hog", "hog_blocks", "hog_cells", "hog_image", "hog_window", "lbp", "lbp_cells", "lbp_codes",
    "lbp_histogram", "raw_patches", "tiny_image",
]
