"""Readers of data sets: what is on disk -> images, labels, classes and splits."""

from .dataset import Dataset
from .folder import read_folder
from .index import index_dataset
from .open import open_dataset
from .splits import class_share, draw_split, read_split_files
from .tar import TarMember, scan_tar

__all__ = [
    "Dataset", "TarMember", "class_share", "draw_split", "index_dataset", "open_dataset", "read_folder",
    "read_split_files", "scan_tar",
]
