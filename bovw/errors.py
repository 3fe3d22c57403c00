"""Every error that bovw raises on purpose.

A message names the thing, gives its value, states the rule and says the remedy:
``n_words=4096 needs at least 4096 descriptors, got 2310 from 12 images; lower
n_words or raise max_descriptors``. The command line prints it as one line and
exits with status 2.
"""

__all__ = [
    "BovwError",
    "ConfigError",
    "DatasetError",
    "ImageDecodeError",
    "ImageScaleWarning",
    "MemoryBudgetError",
    "ModelFormatError",
    "OpenCVError",
    "ParameterError",
    "StoreError",
]


class BovwError(Exception):
    """Base of all errors raised by bovw."""


class ParameterError(BovwError, ValueError):
    """An argument lies outside what the function or estimator accepts."""


class ConfigError(ParameterError):
    """An experiment config has an unknown key, a wrong type or a wrong value."""


class DatasetError(BovwError):
    """A data set on disk is missing, incomplete or malformed."""


class ImageDecodeError(BovwError):
    """An image cannot be decoded completely, or is refused before decoding.

    Attributes
    ----------
    source : str
        The file (or the member of an archive) in question.
    """

    def __init__(self, message, source=""):
        super().__init__(message)
        self.source = source

    def __reduce__(self):
        return type(self), (self.args[0], self.source)


class OpenCVError(BovwError, ImportError):
    """OpenCV is not installed, or cannot be loaded on this machine."""


class ImageScaleWarning(UserWarning):
    """Floating-point pixels lie in [0, 1], where bovw's scale is 0-255."""


class StoreError(BovwError):
    """A store on disk is damaged, belongs to another configuration, or is in use."""


class ModelFormatError(BovwError):
    """A model file is damaged, incomplete or of an unknown kind."""


class MemoryBudgetError(BovwError):
    """A step would need more memory than its budget."""
