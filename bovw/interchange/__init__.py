"""Other people's formats, both directions: ImageNet's dense-SIFT files, codebooks as text, libsvm, fvecs, npy."""

from .imagenet_download import (
    ImageSIFT,
    ImageWords,
    imagenet_grid,
    imagenet_sift,
    iter_sbow,
    iter_vldsift,
    list_files,
    read_sbow,
    read_vldsift,
    write_sbow,
    write_vldsift,
)
from .libsvm import read_libsvm, write_libsvm
from .npy import read_npy
from .sift_export import SIFTExport, export_imagenet_sift
from .vecs import read_vecs, write_vecs
from .word_list import read_codebook, write_codebook
from .word_set import WordSet

__all__ = [
    "ImageSIFT",
    "ImageWords",
    "SIFTExport",
    "WordSet",
    "export_imagenet_sift",
    "imagenet_grid",
    "imagenet_sift",
    "iter_sbow",
    "iter_vldsift",
    "list_files",
    "read_codebook",
    "read_libsvm",
    "read_npy",
    "read_sbow",
    "read_vecs",
    "read_vldsift",
    "write_codebook",
    "write_libsvm",
    "write_sbow",
    "write_vecs",
    "write_vldsift",
]
