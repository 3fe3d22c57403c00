"""Models on disk: ``model.json`` and ``.npy`` files in one folder, never pickle.

``model.json`` holds the tree of estimators: class, constructor parameters and
learned state (the attributes that end in ``_``). Arrays lie beside it, named after
their place in the tree and their content, and are listed with their sha256. A
checksum over the document itself stands in its last field, so a changed byte
anywhere is noticed. Only classes of bovw's public index are ever constructed.

A model is written array by array and ``model.json`` last, in one atomic step: a
reader finds the old model or the new one, whatever happens in between.

Version 2 has the names of parameters that bovw has now; a model of version 1 is read
with its old names and values translated.
"""

import hashlib
import inspect
import io
import json
import math
import os
import re
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator

from ._files import atomic_write, document_checksum, fingerprint, remove_unfinished, write_json
from ._random import GENERATORS
from ._validation import suggestion
from .errors import ModelFormatError, ParameterError

FORMAT = "bovw-model"
VERSION = 2
#: parameters that say how a result is computed, not what it is: a loaded model has their defaults
NOT_SAVED = ("n_jobs", "verbose")
#: names of the arrays beside model.json, and of files that were not finished
_ARRAY_FILE = re.compile(r"model.*\.[0-9a-f]{12}\.npy|\.model.*\.part")
#: class -> what version 1 called its parameters and learned state, and what they are called now
_RENAMED = {
    "ColorStatistics": {"cells": "patch_cells"},
    "DenseSIFT": {"n_bins": "spatial_bins"},
    "HOG": {"cells": "patch_cells"},
    "LBP": {"cells": "patch_cells"},
    "LLC": {"beta": "regularization"},
    "OneVsRestSGD": {"beta": "class_weight", "beta_": "class_weight_"},
}
#: parameter -> values that version 1 spelled otherwise
_RESPELLED = {"color_space": {"grey": "gray"}}


def check_saveable(estimator) -> None:
    """Raise an error if :func:`save_model` would: to be called before a training whose result is to be saved.

    Parameters
    ----------
    estimator : estimator
        Fitted or not.

    Raises
    ------
    ParameterError
        Naming the place in the estimator and what stands there, as
        ``model.classifier is a sklearn.svm._classes.LinearSVC; only estimators of bovw can be saved: ...``.

    Examples
    --------
    >>> import bovw
    >>> check_saveable(bovw.BovwClassifier(classifier=bovw.OneVsRestSGD()))
    """
    _encode(estimator, "model", {})


def save_model(estimator, path: str | os.PathLike) -> None:
    """Write an estimator of bovw, fitted or not, into the folder ``path``.

    Parameters
    ----------
    estimator : estimator of bovw
    path : path
        A folder, made if need be: new, empty, or of a model, which is replaced.

    Raises
    ------
    ParameterError
        If ``path`` is a file or a folder of anything else; if the estimator or one inside it is not of bovw, or
        holds a value that is no number, string, path, array, list, tuple, dict or estimator. Nothing is written then.

    Notes
    -----
    ``n_jobs`` and ``verbose`` are not saved; a generator as ``random_state`` is saved as None, for what was drawn
    from it is in the learned state. Arrays of Python strings or numbers become arrays of that kind, paths strings.
    """
    check_model_folder(path)
    path = Path(path)
    arrays: dict[str, np.ndarray] = {}
    document = {"format": FORMAT, "version": VERSION, "bovw": _bovw_version()}
    document["model"] = _encode(estimator, "model", arrays)
    document["arrays"] = {}
    path.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        data = _npy_bytes(array)
        digest = hashlib.sha256(data).hexdigest()
        file_name = f"{name}.{digest[:12]}.npy"
        document["arrays"][name] = {"file": file_name, "sha256": digest}
        if not (path / file_name).exists():
            with atomic_write(path / file_name) as file:
                file.write(data)
    document["checksum"] = document_checksum(document)
    write_json(path / "model.json", document)
    current = {entry["file"] for entry in document["arrays"].values()}
    for stale in path.glob("model*.npy"):
        if stale.name not in current:
            stale.unlink()
    remove_unfinished(path)


def check_model_folder(path: str | os.PathLike) -> None:
    """Raise an error if :func:`save_model` would not write there: to be called before a training.

    Parameters
    ----------
    path : path
        Where a model is to go.

    Raises
    ------
    ParameterError
        If it is a file, or a folder that holds something and no model.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise ParameterError(f"{path} is a file; a model is a folder of files: give a folder")
    if path.is_dir() and not _is_ours(path):
        raise ParameterError(f"{path} holds files that are no model; give a new or empty folder")


def _is_ours(folder):
    """Whether a folder holds a model, of whichever version, or no more than a save that was cut short leaves."""
    try:
        document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        return isinstance(document, dict) and document.get("format") == FORMAT
    except FileNotFoundError:
        return all(_ARRAY_FILE.fullmatch(entry.name) for entry in folder.iterdir())
    except (OSError, ValueError):
        return False


def load_model(path: str | os.PathLike, expected: type | None = None):
    """Read the estimator that :func:`save_model` wrote.

    Parameters
    ----------
    path : path
        The folder.
    expected : type, optional
        The class that the model must be an instance of.

    Returns
    -------
    estimator
        With the parameters and the learned state that it was saved with; ``n_jobs`` and ``verbose`` as the class
        has them by default.

    Raises
    ------
    ModelFormatError
        If a file is missing, damaged, of another format or version, or names an
        unknown class or parameter.
    """
    path = Path(path)
    try:
        text = (path / "model.json").read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise ModelFormatError(f"{path} holds no model.json; give the folder that save() or a run wrote") from None
    except UnicodeDecodeError as error:
        raise ModelFormatError(f"{path / 'model.json'} is damaged: {error}") from None
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ModelFormatError(f"{path / 'model.json'} is damaged: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ModelFormatError(f"{path / 'model.json'} is not a {FORMAT} file")
    version = document.get("version")
    if version not in (1, VERSION):
        raise ModelFormatError(f"{path / 'model.json'} has format version {version!r}; this bovw reads 1 and {VERSION}")
    if document.get("checksum") != document_checksum(document):
        raise ModelFormatError(f"{path / 'model.json'} was changed after it was written: its checksum does not match")
    try:
        arrays = {name: _read_array(path, entry) for name, entry in document["arrays"].items()}
        model = _decode(document["model"], arrays, version)
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelFormatError(f"{path / 'model.json'} is malformed: {error!r}") from error
    if expected is not None and not isinstance(model, expected):
        raise ModelFormatError(f"{path} holds a {type(model).__name__}, not a {expected.__name__}")
    return model


def model_fingerprint(estimator) -> str:
    """A fingerprint of an estimator, fitted or not: of its class, parameters and learned state.

    Parameters
    ----------
    estimator : estimator of bovw

    Returns
    -------
    str
        16 hexadecimal digits; equal for a model and what :func:`load_model` makes of its files.
    """
    arrays: dict[str, np.ndarray] = {}
    tree = _encode(estimator, "model", arrays)
    return fingerprint({"model": tree, "arrays": arrays})


def _bovw_version():
    from . import __version__

    return __version__


def _npy_bytes(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _read_array(path, entry):
    file_name = entry["file"]
    if not re.fullmatch(r"[\w.\-]+\.npy", file_name):
        raise ModelFormatError(f"{path} names an array file {file_name!r} outside its folder")
    try:
        data = (path / file_name).read_bytes()
    except FileNotFoundError:
        raise ModelFormatError(f"{path / file_name} is missing; the model is incomplete") from None
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise ModelFormatError(f"{path / file_name} is damaged: its sha256 does not match model.json")
    try:
        return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except ValueError as error:
        raise ModelFormatError(f"{path / file_name} is not a plain .npy array: {error}") from None


def _encode(value, place, arrays):
    """JSON form of a value; arrays are put into ``arrays`` under their place in the tree."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ParameterError(f"{place} is {value}; a model holds finite numbers only")
        return value
    if isinstance(value, np.ndarray):
        arrays[place] = _plain_array(value, place)
        return {"array": place}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, GENERATORS):
        return None  # how the result was drawn; what was drawn is in the learned state
    if isinstance(value, (list, tuple)):
        items = [_encode(item, f"{place}.{i}", arrays) for i, item in enumerate(value)]
        return {"tuple" if isinstance(value, tuple) else "list": items}
    if isinstance(value, dict):
        return {"dict": [[_encode(k, place, arrays), _encode(v, f"{place}.{i}", arrays)]
                         for i, (k, v) in enumerate(value.items())]}
    if isinstance(value, BaseEstimator):
        name = type(value).__name__
        if _public_estimators().get(name) is not type(value):
            raise ParameterError(
                f"{place} is a {type(value).__module__}.{name}; only estimators of bovw can be saved: take one of "
                "bovw's, or keep the whole model with joblib.dump, whose files are to be loaded only if you trust them"
            )
        state = {k: v for k, v in vars(value).items() if k.endswith("_") and not k.startswith("_")}
        return {
            "class": name,
            "parameters": {
                k: _encode(v, f"{place}.{k}", arrays)
                for k, v in value.get_params(deep=False).items()
                if k not in NOT_SAVED
            },
            "state": {k: _encode(v, f"{place}.{k}", arrays) for k, v in state.items()},
        }
    raise ParameterError(f"{place} is a {type(value).__name__}, which cannot be saved")


def _plain_array(array, place):
    """The array as NumPy writes it without pickle."""
    if not array.dtype.hasobject:
        return array
    items = array.ravel().tolist()  # also of NumPy's StringDType
    if all(isinstance(item, str) for item in items):
        return np.array(items, dtype=str).reshape(array.shape)
    if all(isinstance(item, (bool, int, float, np.generic)) for item in items):
        plain = np.array(items).reshape(array.shape)
        if plain.dtype.kind in "biuf":
            return plain
    raise ParameterError(f"{place} is an array of objects, which cannot be saved; make it all strings or all numbers")


def _decode(value, arrays, version):
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return arrays[value["array"]]
    if "list" in value:
        return [_decode(item, arrays, version) for item in value["list"]]
    if "tuple" in value:
        return tuple(_decode(item, arrays, version) for item in value["tuple"])
    if "dict" in value:
        return {_decode(k, arrays, version): _decode(v, arrays, version) for k, v in value["dict"]}
    name = value["class"]
    known = _public_estimators()
    if name not in known:
        raise ModelFormatError(f"the model names the class {name!r}, which bovw does not have{suggestion(name, known)}")
    cls = known[name]
    parameters = {k: _decode(v, arrays, version) for k, v in value["parameters"].items()}
    state = {k: _decode(v, arrays, version) for k, v in value["state"].items()}
    if version == 1:
        parameters, state = (_in_todays_words(name, values) for values in (parameters, state))
    unknown = set(parameters) - set(inspect.signature(cls.__init__).parameters)
    if unknown:
        raise ModelFormatError(f"the model gives {name} the unknown parameter {sorted(unknown)[0]!r}")
    estimator = cls(**parameters)
    for key, learned in state.items():
        setattr(estimator, key, learned)
    return estimator


def _in_todays_words(class_name, values):
    """Parameters or state of a model of version 1 under the names, and with the spelling, of this one."""
    names = _RENAMED.get(class_name, {})
    return {names.get(key, key): _respelled(key, value) for key, value in values.items()}


def _respelled(key, value):
    spellings = _RESPELLED.get(key, {})
    return spellings.get(value, value) if isinstance(value, str) else value


def _public_estimators():
    """All estimator classes of the public index, by name."""
    import bovw

    found = {}
    for name in bovw.__all__:
        if name[0].isupper():
            value = getattr(bovw, name)
            if isinstance(value, type) and issubclass(value, BaseEstimator):
                found[name] = value
    return found
