"""Readers of data sets: what is on disk -> images, labels, classes and splits."""

from .dataset import Dataset
from .folder import read_folder
from .splits import draw_split, read_split_files

__all__ = ["Dataset", "draw_split", "read_folder", "read_split_files"]
