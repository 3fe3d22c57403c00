"""Signatures on disk: the store, and the codecs that make them small."""

from .codecs import FeatureHashing, Float16Codec, hash_features
from .product_quantizer import ProductQuantizer, pq_decode, pq_dot, pq_encode
from .store import SignatureStore

__all__ = [
    "FeatureHashing", "Float16Codec", "ProductQuantizer", "SignatureStore", "hash_features", "pq_decode", "pq_dot",
    "pq_encode",
]
