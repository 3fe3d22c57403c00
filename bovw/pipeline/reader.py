"""Images for the pipeline: decoded one by one in the workers, encoded together by several encoders."""

import numpy as np

from .._progress import Progress
from .._threads import map_in_order
from .._validation import check_choice
from ..errors import ImageDecodeError, ParameterError
from ..images import as_image_list, load_image


class ImageReader:
    """Decodes image ``i`` when called, in whatever worker; with "skip" it notes what went wrong and gives None."""

    def __init__(self, images, mode, on_error="raise"):
        self.images, self.mode = as_image_list(images), mode
        self.on_error = check_choice("on_error", on_error, ("raise", "skip"))
        self.errors = {}

    def __len__(self):
        return len(self.images)

    def __call__(self, i):
        try:
            item, skipped = self.images[i], getattr(self.images, "errors", {})
            if item is not None:
                return load_image(item, mode=self.mode)
            if i not in skipped:
                raise ImageDecodeError(f"image {i} is None; leave it and its label out", source=f"image {i}")
            self.errors[i] = skipped[i]
        except ImageDecodeError as error:
            if self.on_error == "raise":
                raise
            self.errors[i] = str(error)
        except ParameterError as error:
            raise ParameterError(f"images[{i}]: {error}") from None
        return None


def image_name(images, i):
    """What messages call image ``i``."""
    if hasattr(images, "names"):
        return str(images.names[i])
    item = images[i]
    return f"image {i}" if isinstance(item, np.ndarray) else str(item)


def encode_rows(encode, rows, size, n_jobs, verbose=False):
    """``encode(row)`` of each row, computed by the workers, (len(rows), size) float32; zeros where it gives None."""
    signatures = np.zeros((len(rows), size), np.float32)
    with Progress("signatures", len(rows), enabled=verbose) as progress:
        for out, signature in zip(signatures, progress.wrap(map_in_order(encode, rows, n_jobs)), strict=True):
            if signature is not None:
                out[:] = signature
    return signatures
