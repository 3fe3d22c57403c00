"""The hallway as estimators: images in, signatures and five class names out.

``ImageEncoder`` takes an image to its signature: local descriptors, PCA, codes of
a codebook, pooled over the cells of a pyramid. ``BovwClassifier`` puts a linear
one-vs-rest classifier behind one or several of them, and ``FusedClassifier`` adds the
scores of several such classifiers. All go image by image, so memory holds the
signatures, never all descriptors.
"""

from .classifier import BovwClassifier
from .fused import FusedClassifier, load_classifier
from .image_encoder import ImageEncoder
from .stored import encode_to_store, extract_to_store, signatures_to_store

__all__ = [
    "BovwClassifier", "FusedClassifier", "ImageEncoder", "encode_to_store", "extract_to_store", "load_classifier",
    "signatures_to_store",
]
