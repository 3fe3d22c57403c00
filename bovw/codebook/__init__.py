"""From descriptors to a codebook: sampling, principal components, k-means, Gaussian mixtures."""

from .gmm import GMMCodebook
from .kmeans import KMeansCodebook
from .pca import DescriptorPCA
from .sampling import sample_descriptors

__all__ = ["DescriptorPCA", "GMMCodebook", "KMeansCodebook", "sample_descriptors"]
