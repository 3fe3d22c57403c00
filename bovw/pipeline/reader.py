"""Images for the pipeline: decoded one by one in the workers, encoded together by several encoders."""

import numpy as np

from .._progress import Progress
from .._threads import map_in_order
from .._validation import check_choice
from ..errors import ImageDecodeError
from ..images import load_image


class ImageReader:
    """Decodes image ``i`` when called, in whatever worker; with "skip" it notes what went wrong and gives None."""

    def __init__(self, images, mode, on_error="raise"):
        self.images, self.mode = images, mode
        self.on_error = check_choice("on_error", on_error, ("raise", "skip"))
        self.errors = {}

    def __len__(self):
        return len(self.images)

    def __call__(self, i):
        try:
            item = self.images[i]
            if item is not None:
                return load_image(item, mode=self.mode)
            self.errors[i] = getattr(self.images, "errors", {}).get(i, "there is no image")
        except ImageDecodeError as error:
            if self.on_error == "raise":
                raise
            self.errors[i] = str(error)
        return None

    def name(self, i):
        """What messages call image ``i``."""
        if hasattr(self.images, "names"):
            return str(self.images.names[i])
        item = self.images[i]
        return f"image {i}" if isinstance(item, np.ndarray) else str(item)


def gather_signatures(encoders, reader, n_jobs, verbose, rows=None):
    """Signatures of the images ``rows`` (default all); each image is decoded once for all encoders."""
    rows = range(len(reader)) if rows is None else rows
    size = sum(encoder.signature_size for encoder in encoders)

    def encode(i):
        image = reader(i)
        return None if image is None else np.concatenate([encoder.encode_image(image) for encoder in encoders])

    return encode_rows(encode, rows, size, n_jobs, verbose)


def encode_rows(encode, rows, size, n_jobs, verbose=False):
    """``encode(row)`` of each row, computed by the workers, (len(rows), size) float32; zeros where it gives None."""
    signatures = np.zeros((len(rows), size), np.float32)
    with Progress("signatures", len(rows), enabled=verbose) as progress:
        for out, signature in zip(signatures, progress.wrap(map_in_order(encode, rows, n_jobs)), strict=True):
            if signature is not None:
                out[:] = signature
    return signatures


def score_blocks(n, signature_size, budget=2**26):
    """Ranges that cut ``n`` images into blocks of at most ``budget`` signature numbers (256 MB)."""
    block = max(1, budget // signature_size)
    return [range(start, min(start + block, n)) for start in range(0, n, block)]
