"""Hedged answers of a saved model: the folder ``hedge/`` beside its ``model.json``.

Calibration and trade-off are learnt from scores of images that the classifier was not
trained on. Either the training images are scored out of fold, by classifiers that learnt
from the other folds, or images that were set aside are scored by the model itself.
"""

import json
from pathlib import Path

import numpy as np

from .._progress import Progress
from ..errors import ModelFormatError, ParameterError
from ..evaluation import HedgedPredictor
from ..persist import load_model, save_model

FOLDER = "hedge"
_BLOCK = 64  # images scored at a time


def fit_hedged_predictor(model, images, y, taxonomy, *, held_out=False, calibrator=None, verbose=False):
    """Learn hedged answers for a fitted classifier.

    Parameters
    ----------
    model : BovwClassifier or FusedClassifier
        Its classes are named by their wnids. Set ``on_error="skip"`` to leave out images
        that cannot be read.
    images : list of paths
    y : sequence of str
        The class of each image.
    taxonomy : bovw.Taxonomy
    held_out : bool, default False
        The images are not those that the model was trained on: its own scores count. By
        default they are, and are scored out of fold.
    calibrator : TemperatureScaling or PlattScaling, optional
    verbose : bool, default False
        Show progress.

    Returns
    -------
    HedgedPredictor
    """
    if model.multilabel_:
        raise ParameterError("the model finds several classes an image, and a hedged answer is of one class an image")
    y = np.asarray(y).astype(str)
    unknown = sorted(set(y) - {str(name) for name in model.classes_})
    if unknown:
        raise ParameterError(f"class {str(unknown[0])!r} is none of the {len(model.classes_)} that the model knows")
    if held_out:
        scores = _own_scores(model, images, verbose)
    else:
        members = getattr(model, "members_", None)
        parts = [_out_of_fold_scores(member, images, y) for member in members or [model]]
        scores = _fused(model, parts) if members else parts[0]
    read = np.isfinite(scores).all(axis=1)
    return HedgedPredictor(calibrator).fit(scores[read], y[read], classes=model.classes_, taxonomy=taxonomy)


def _own_scores(model, images, verbose):
    """Scores of the model itself; NaN for images that could not be read."""
    scores = np.empty((len(images), len(model.classes_)), np.float32)
    with Progress("scores", len(images), enabled=verbose) as progress:
        for start in range(0, len(images), _BLOCK):
            block, errors = model.scores_and_errors(images[start:start + _BLOCK])
            block[sorted(errors)] = np.nan
            scores[start:start + len(block)] = block
            progress.update(len(block))
    return scores


def _out_of_fold_scores(member, images, y):
    signatures, errors = member.signatures_and_errors(images)
    return member.out_of_fold_scores(signatures, y, sorted(errors))


def _fused(model, parts):
    read = np.all([np.isfinite(part).all(axis=1) for part in parts], axis=0)
    scores = np.full(parts[0].shape, np.nan, np.float32)
    scores[read] = model.fusion_.transform([part[read] for part in parts])
    return scores


def save_hedge(hedge, model_folder):
    """Put a fitted :class:`HedgedPredictor` beside the model that it was fitted to.

    Parameters
    ----------
    hedge : HedgedPredictor
    model_folder : path
        Where the model lies already.
    """
    hedge.model_checksum_ = _checksum(model_folder)
    save_model(hedge, Path(model_folder) / FOLDER)


def load_hedge(model_folder):
    """The :class:`HedgedPredictor` beside a model.

    Raises
    ------
    ModelFormatError
        If there is none, it is damaged, or it was fitted to another model.
    """
    folder = Path(model_folder) / FOLDER
    if not folder.is_dir():
        raise ModelFormatError(f"{model_folder} cannot hedge its answers yet; `bovw hedge {model_folder}` learns how")
    hedge = load_model(folder, expected=HedgedPredictor)
    if getattr(hedge, "model_checksum_", None) != _checksum(model_folder):
        raise ModelFormatError(f"{folder} was fitted to another model than {model_folder} holds; run bovw hedge again")
    return hedge


def _checksum(model_folder):
    try:
        return json.loads((Path(model_folder) / "model.json").read_text(encoding="utf-8"))["checksum"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFormatError(f"{model_folder} holds no whole model.json ({error})") from None
