"""What all descriptor extractors share: images in, a DescriptorSet out."""

from sklearn.base import BaseEstimator, TransformerMixin

from .._threads import map_in_order
from ..images import load_image
from .descriptor_set import DescriptorSet


class Extractor(TransformerMixin, BaseEstimator):
    """Base of the dense extractors.

    A subclass sets ``color`` (True if it needs RGB), the property
    ``descriptor_size``, and ``_extract(image) -> (descriptors, frames, norms)``
    for one array: (height, width) or (height, width, 3), uint8 or float on the
    0-255 scale. ``norms`` may be None. Its constructor has ``n_jobs``.
    """

    color = False

    def fit(self, images=None, y=None):
        """Check the parameters; nothing is learnt. Returns self."""
        self.check_params()
        return self

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        return tags

    def check_params(self):
        """Raise ParameterError for a constructor argument out of range."""

    def extract(self, image):
        """Descriptors of one decoded image as a DescriptorSet of length 1.

        Parameters
        ----------
        image : array of shape (height, width) or (height, width, 3)
            RGB or gray; uint8, uint16, or float on the 0-255 scale. Color is converted to gray
            for an extractor that works on gray images, and the other way round.
        """
        self.check_params()
        return self._extract_one(load_image(image, mode=self._mode))

    @property
    def _mode(self):
        return "rgb" if self.color else "gray"

    def _extract_one(self, image):
        descriptors, frames, norms = self._extract(image)
        return DescriptorSet(descriptors, None, frames, norms, [image.shape[:2]])

    def transform(self, images):
        """Descriptors of many images.

        Parameters
        ----------
        images : list of paths, list of arrays, or ImageCollection

        Returns
        -------
        DescriptorSet
            One entry an image, in order. Everything is held in memory; for large
            collections use the pipeline, which goes image by image.
        """
        self.check_params()

        def one(i):  # indexed in the worker: an ImageCollection decodes there
            return self._extract_one(load_image(images[i], mode=self._mode))

        return DescriptorSet.concatenate(map_in_order(one, range(len(images)), self.n_jobs))
