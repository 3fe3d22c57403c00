"""From descriptors to a codebook: sampling, principal components, k-means, Gaussian mixtures."""

from .blocks import DescriptorBlocks
from .gmm import GMMCodebook
from .hierarchical import HierarchicalKMeans
from .kmeans import KMeansCodebook
from .pca import DescriptorPCA
from .sampling import sample_descriptors

__all__ = [
    "DescriptorBlocks", "DescriptorPCA", "GMMCodebook", "HierarchicalKMeans", "KMeansCodebook",
    "sample_descriptors",
]
