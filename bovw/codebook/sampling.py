"""Sampling descriptors for a codebook, evenly over any number of images, in one pass.

Every image shuffles its own descriptors; the descriptor that comes r-th in its image
(from 0) gets the priority ``r + u`` with u uniform in [0, 1). The sample is the n
smallest priorities of all images. So the first descriptor of every image goes before
the second of any, as when water fills vessels: images contribute equally many, give or
take one, unless they have fewer; and when there are more images than wanted descriptors,
the images themselves are a uniform sample. It is bottom-n reservoir sampling (Vitter,
"Random sampling with a reservoir", ACM TOMS 11, 1985, treats the uniform case) with
priorities that balance: nothing needs to be known beforehand, and never more than about
2 n descriptors are held.
"""

import numpy as np

from .._random import check_seed, stage_rng
from .._validation import check_int
from ..descriptors.descriptor_set import DescriptorSet
from ..errors import ParameterError


def sample_descriptors(
    descriptor_sets, n_descriptors: int, *, max_per_image: int | None = None, random_state=0
) -> DescriptorSet:
    """A random sample of descriptors, balanced over images.

    Parameters
    ----------
    descriptor_sets : iterable of DescriptorSet or of (n_i, d) arrays, or a DescriptorSet
        Seen once, in order; images are numbered as they come. A set of several images
        counts as several.
    n_descriptors : int
        How many are wanted, at least 1. With fewer in all, all are returned.
    max_per_image : int, default None
        Most descriptors of one image.
    random_state : int, RandomState, Generator or None, default 0
        The priorities of an image depend on the seed, its number and how many
        descriptors it has, on nothing else.

    Returns
    -------
    DescriptorSet
        The images that contribute, in order, each with its sampled descriptors in
        their original order, and with frames, norms and sizes where all images have
        them, so that ``positions()`` works as before.

    Raises
    ------
    ParameterError
        If there is no image, or descriptors differ in size.

    Examples
    --------
    >>> import numpy as np
    >>> images = [np.full((100, 2), 0.0), np.full((50, 2), 1.0), np.full((3, 2), 2.0)]
    >>> sample_descriptors(images, 43).offsets
    array([ 0, 20, 40, 43])
    """
    wanted = check_int("n_descriptors", n_descriptors, minimum=1)
    cap = (
        wanted if max_per_image is None else min(wanted, check_int("max_per_image", max_per_image, minimum=1))
    )
    seed = check_seed(random_state)
    kept, priorities, n_held = [], [], 0
    limit = np.inf  # no priority from here on can be among the smallest
    empty = None
    for number, image in enumerate(_images(descriptor_sets)):
        if empty is None:
            empty = image[:0]
        elif image.descriptor_size != empty.descriptor_size:
            raise ParameterError(
                f"image {number} has descriptors of size {image.descriptor_size}, those before of size "
                f"{empty.descriptor_size}; sample one kind of descriptor at a time"
            )
        rng = stage_rng(seed, "sample", number)
        rows = rng.permutation(image.n_descriptors)[:cap]
        priority = np.arange(len(rows)) + rng.random(len(rows))
        rows, priority = rows[priority < limit], priority[priority < limit]
        if not len(rows):
            continue
        order = np.argsort(rows)
        kept.append(_take(image, rows[order]))
        priorities.append(priority[order])
        n_held += len(rows)
        if n_held >= 2 * wanted:
            kept, priorities, limit = _smallest(kept, priorities, wanted)
            n_held = wanted
    if empty is None:
        raise ParameterError("descriptor_sets is empty; at least one image is needed")
    if n_held > wanted:
        kept, _, _ = _smallest(kept, priorities, wanted)
    return DescriptorSet.concatenate(kept) if kept else empty


def _images(descriptor_sets):
    if (
        isinstance(descriptor_sets, np.ndarray)
        and descriptor_sets.dtype != object
        and descriptor_sets.ndim == 2
    ):
        raise ParameterError(
            f"descriptor_sets is one array of shape {descriptor_sets.shape}; "
            "wrap a single image as [descriptors]"
        )
    for item in descriptor_sets:
        if isinstance(item, DescriptorSet):
            yield from item
        else:
            yield DescriptorSet(item)


def _take(image, rows):
    """Rows of a one-image set, copied, so that the image itself can be freed."""
    return DescriptorSet(
        image.descriptors[rows],
        None,
        None if image.frames is None else image.frames[rows],
        None if image.norms is None else image.norms[rows],
        image.sizes,
    )


def _smallest(kept, priorities, wanted):
    """Reduce to the ``wanted`` smallest priorities; also return the largest of them."""
    limit = np.partition(np.concatenate(priorities), wanted - 1)[wanted - 1]
    reduced = [
        (_take(s, np.flatnonzero(p <= limit)), p[p <= limit]) for s, p in zip(kept, priorities, strict=True)
    ]
    reduced = [(s, p) for s, p in reduced if len(p)]
    return [s for s, _ in reduced], [p for _, p in reduced], limit
