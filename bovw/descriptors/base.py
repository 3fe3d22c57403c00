"""What all descriptor extractors share: images in, a DescriptorSet out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from .._parameters import Declared, Kind
from .._threads import map_in_order
from ..images import ImageCollection, ImageLike, as_image_list, load_image
from .descriptor_set import DescriptorSet
from .local_descriptors import LocalDescriptors


class Extractor(Declared, TransformerMixin, BaseEstimator):
    """Base of the dense extractors.

    A subclass declares its constructor's ``PARAMETERS``, ``n_jobs`` among them, sets ``color`` (True if it looks at
    RGB), the property ``descriptor_size``, and ``_describe(image, parameters) -> LocalDescriptors`` for one array:
    (height, width) or (height, width, 3), uint8 or float on the 0-255 scale; ``parameters`` holds the checked values
    as attributes. Its plain function is :meth:`describe` of one made for the call.
    """

    color = False

    #: whether an image of three equal channels has the descriptors of one, which is then not repeated
    gray_suffices = False

    @property
    def mode(self) -> str:
        """How images are read: "rgb" or "gray"."""
        return "rgb" if self.color else "gray"

    def fit(self, images: Any = None, y: Any = None) -> Extractor:
        """Check the parameters; nothing is learnt, and ``images`` are not looked at. Returns self."""
        self.check_params()
        return self

    def set_output(self, *, transform: Any = None) -> Extractor:
        """Nothing: a DescriptorSet stays one, whatever container is asked for. Returns self.

        So a ``Pipeline`` that begins with an extractor can be told to end in a DataFrame.
        """
        return self

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        return tags

    def describe(self, image: ImageLike, **output: Any) -> LocalDescriptors:
        """Descriptors of one image as arrays.

        Parameters
        ----------
        image : array of shape (height, width) or (height, width, 3), or path
            RGB or gray, as :func:`bovw.load_image` reads it: uint8, uint16 (divided by 257, rounded), or float on
            the 0-255 scale. Color is converted to gray for an extractor that works on gray images.
        **output
            What the extractor's plain function has beside these parameters, such as ``out``.

        Returns
        -------
        LocalDescriptors

        Raises
        ------
        ParameterError
            If a parameter or the image is out of range.
        """
        parameters = self._plain()
        return self._describe(self._load(image), parameters, **output)

    def extract(self, image: ImageLike) -> DescriptorSet:
        """Descriptors of one image as a DescriptorSet of length 1; ``image`` as in :meth:`describe`."""
        return self._extract(image, self._plain())

    def transform(self, images: Sequence | np.ndarray | ImageCollection) -> DescriptorSet:
        """Descriptors of many images.

        Parameters
        ----------
        images : list or array of paths or arrays, pandas Series or Index, or ImageCollection
            Taken by position. A (n, height, width, 3) or (n, height, width) array is n images.

        Returns
        -------
        DescriptorSet
            One entry an image, in order. Everything is held in memory; for large
            collections use the pipeline, which goes image by image.

        Raises
        ------
        ParameterError
            If a parameter is out of range, which is said before any image is read; if ``images`` is one image.
        ImageDecodeError
            If a file cannot be read.
        """
        parameters = self._plain()
        images = as_image_list(images)

        def one(i):  # indexed in the worker: an ImageCollection decodes there
            return self._extract(images[i], parameters)

        return DescriptorSet.concatenate(map_in_order(one, range(len(images)), parameters.n_jobs))

    def _plain(self):
        """All parameters, checked, in their plain form."""
        parameters = plain_values(self.PARAMETERS, vars(self))
        self.check_pairs()
        return parameters

    def _load(self, image):
        one_channel = self.gray_suffices and getattr(image, "ndim", 3) == 2
        return load_image(image, mode="gray" if one_channel else self.mode)

    def _extract(self, image, parameters):
        image = self._load(image)
        descriptors, frames, norms = self._describe(image, parameters)
        return DescriptorSet(descriptors, None, frames, norms, [image.shape[:2]])


def plain_values(kinds: Mapping[str, Kind], values: Mapping[str, Any]) -> SimpleNamespace:
    """The ``values`` of the names in ``kinds``, checked and in their plain form, as attributes."""
    return SimpleNamespace(**{name: kind.check(name, values[name]) for name, kind in kinds.items()})
