"""Signatures on disk: the store, and the codecs that make them small."""

from .store import SignatureStore

__all__ = ["SignatureStore"]
