"""An HTML page about the difference between two runs."""

from pathlib import Path

from ..results.compare import COMPARED, won_and_lost
from ..results.measures import MEASURES
from .page import thumbnail, write_page

N_PANELS = 24


def write_comparison(path, comparison, data=None):
    """Write a comparison as one self-contained page.

    Parameters
    ----------
    path : path
    comparison : RunComparison
        As from :func:`bovw.results.compare.compare_runs`.
    data : path, optional
        Where the images lie, for thumbnails of those on which the runs disagree.
    """
    measures = []
    for row in comparison.measures:
        _, title, is_share = MEASURES[row.measure]
        measures.append((row, f"{title}, %" if is_share else title, *((100, 2) if is_share else (1, 3))))
    images = []
    titles = ("Named right by the second run", "Named right by the first run")
    for title, found in zip(titles, won_and_lost(comparison), strict=True):
        pictures = [None if data is None else thumbnail(Path(data) / d.image) for d in found[:N_PANELS]]
        images.append((title, len(found), list(zip(found, pictures, strict=False))))
    compared, things = COMPARED[comparison.measures[0].measure]
    write_page(
        path, "compare.html", c=comparison, compared=compared, things=things, measures=measures, images=images,
        widest=max(abs(row.difference) for row in comparison.classes) or 1.0,
    )
