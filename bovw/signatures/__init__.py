"""Codecs: signatures in few bytes."""

from .codecs import FeatureHashing, Float16Codec, hash_features
from .product_quantizer import ProductQuantizer, pq_decode, pq_dot, pq_encode

__all__ = [
    "FeatureHashing", "Float16Codec", "ProductQuantizer", "hash_features", "pq_decode", "pq_dot",
    "pq_encode",
]
