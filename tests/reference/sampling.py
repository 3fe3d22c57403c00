"""The balanced sample, with all descriptors in memory."""


def counts_per_image(sizes, wanted):
    """How many descriptors each image gives when turns are taken, and how many images differ by their lot."""
    counts = [0] * len(sizes)
    left = min(wanted, sum(sizes))
    while True:
        ready = [i for i, size in enumerate(sizes) if counts[i] < size]
        if left < len(ready) or not ready:
            return counts, ready, left
        for i in ready:
            counts[i] += 1
        left -= len(ready)
