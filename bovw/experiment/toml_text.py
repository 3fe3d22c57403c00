"""A resolved config as TOML, each value with where it comes from."""

import inspect
import json
import shutil
import textwrap

from .schema import CHANNEL_STAGES, DATA, SIGNATURE_STAGES, STAGES, TOP, config_keys, stage_class

_STOP = 44  # comments stand behind it, in one column


def format_config(config, *, defaults=False, width=None):
    """A config as TOML; a comment at the end of each line says where its value comes from.

    Parameters
    ----------
    config : Config
    defaults : bool, default False
        Name also the parameters that the config leaves to their estimators.
    width : int, optional
        Columns; by default those of the terminal.

    Returns
    -------
    str
        Which :func:`tomllib.loads` reads as ``config.tree``; with ``defaults`` it has more keys.
    """
    width = width or shutil.get_terminal_size().columns
    lines = [f"# {config.source}{', lite' if config.lite else ''}, fingerprint {config.fingerprint}"]
    tree, origins = {**_ordered(config.tree, TOP), "data": _ordered(config.tree["data"], DATA)}, config.origins
    if defaults:
        tree, origins = _with_defaults(tree, origins)
    _add_table(lines, tree, (), origins, width)
    return "\n".join(lines)


def _ordered(table, keys):
    return {key: table[key] for key in keys if key in table}


def _add_table(lines, table, path, origins, width):
    """Plain values first, then the tables inside."""
    inner = {key: value for key, value in table.items() if _is_table(value)}
    if path and (len(inner) < len(table) or not table):
        lines += ["", f"[{'.'.join(map(_key, path))}]"]
    for key, value in table.items():
        if key not in inner:
            lines += _value_lines(key, value, origins.get((*path, key), ""), width)
    for key, value in inner.items():
        for item in value if isinstance(value, list) else [value]:
            start = len(lines)
            _add_table(lines, item, (*path, key), origins, width)
            if isinstance(value, list):
                lines[start:start + 2] = ["", f"[[{key}]]  # {origins.get((*path, key), '')}"]


def _is_table(value):
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _value_lines(key, value, origin, width):
    """One line, or more for what is too long for it: then the comment stands in front."""
    comment = f"# {origin}" if str(origin) else ""
    if value is None:
        text = f"# {_key(key)} is not set"
    else:
        text = f"{_key(key)} = {toml_value(value)}"
    line = f"{text:<{_STOP}}  {comment}".rstrip()
    if len(line) <= width or not comment:
        return [line]
    if not isinstance(value, list) or len(text) <= width:
        return [comment, text]
    items = textwrap.wrap(", ".join(map(toml_value, value)) + ",", width - 4)
    return [f"{_key(key)} = [  {comment}", *(f"    {item}" for item in items), "]"]


def _key(key):
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else json.dumps(key)


def toml_value(value):
    """A value as TOML has it; tables and arrays in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_key(key)} = {toml_value(item)}' for key, item in value.items())} }}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


def _with_defaults(tree, origins):
    """The tree with the parameters of its estimators that it does not name."""
    origins = dict(origins)

    def filled(table, stage, path):
        cls, full = stage_class(table, stage), {"type": STAGES[stage][0], **table}
        origins.setdefault((*path, "type"), "default")
        parameters = inspect.signature(cls.__init__).parameters
        for key in config_keys(cls):
            if key not in table:
                origins[(*path, key)] = f"default of {cls.__name__}"
                full[key] = parameters[key].default
        return full

    tree = {**tree, "channels": dict(tree["channels"])}
    for name, channel in tree["channels"].items():
        stages = [stage for stage in CHANNEL_STAGES if stage in channel or stage in ("extractor", "pyramid")]
        full = {stage: filled(channel.get(stage, {}), stage, ("channels", name, stage)) for stage in stages}
        tree["channels"][name] = {**channel, **full}
    for stage in SIGNATURE_STAGES:
        if stage in tree or stage == "classifier":
            tree[stage] = filled(tree.get(stage, {}), stage, (stage,))
    return tree, origins
