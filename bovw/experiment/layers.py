"""A tree of tables that is laid together from several sources, and remembers where each value comes from.

A table that changes ``type`` replaces the table below it, for the parameters belong to the type; other tables are laid
over one another key by key.
"""

import copy
import re
from typing import NamedTuple

from .._validation import suggestion
from ..errors import ConfigError
from .schema import STAGES
from .toml_text import toml_value

SET = "--set"


class Origin(NamedTuple):
    """Where a value comes from.

    Attributes
    ----------
    source : str
        A file, the name of a config that comes with bovw, or ``"--set"``.
    note : str
        How it came from there: ``"lite"``, ``"like sift"``; empty for a value that stands where it is used.
    """

    source: str
    note: str = ""

    def __str__(self):
        return f"{self.source}, {self.note}" if self.note else self.source


class Layers:
    """Tables, the last of those laid over one another on top.

    Parameters
    ----------
    source : str
        What messages call the whole.

    Attributes
    ----------
    tree : dict
    origins : dict of tuple to Origin
        Path of a value, or of a table, to where it comes from.
    """

    def __init__(self, source):
        self.source, self.tree, self.origins = source, {}, {}

    def lay(self, changes, origin, place=()):
        """Lay tables over those that are there.

        Parameters
        ----------
        changes : dict
        origin : Origin, or callable of a path
            Of all values, or of each.
        place : tuple of str, default ()
            The table over which ``changes`` are laid.
        """
        below = self.tree
        for key in place:
            below = below.setdefault(key, {})
        self._lay(below, changes, origin if callable(origin) else lambda path: origin, place)

    def _lay(self, below, changes, origin, place):
        for key, value in changes.items():
            path = (*place, key)
            known = below.get(key)
            if isinstance(value, dict):
                if not isinstance(known, dict) or not _same_type(known, value):
                    self.forget(path)
                    known = below[key] = {}
                self.origins.setdefault(path, origin(path))
                self._lay(known, value, origin, path)
            else:
                self.forget(path)
                below[key] = copy.deepcopy(value)
                self.origins[path] = origin(path)

    def lay_over(self, other):
        """Lay all tables of another :class:`Layers` over these; their values keep their origins."""
        self.lay(other.tree, other.origin)

    def resolve_likes(self):
        """Put into each channel that has the key ``like`` the channel that it names, under its own keys.

        That is the channel as it is after all layers, so what a layer changes in it is changed in its likes, too.
        """
        channels = self.tree.get("channels", {})
        if not isinstance(channels, dict):
            return
        done = Layers(self.source)
        for name in channels:
            self._lay_channel(done, name, ())
        self.pop("channels")
        self.lay_over(done)

    def _lay_channel(self, done, name, chain):
        """Lay one channel, and before it the one that it is like, into the layers ``done``."""
        place, channels = ("channels", name), self.tree["channels"]
        if name in done.tree.get("channels", {}):
            return
        channel = channels[name]
        if not isinstance(channel, dict) or "like" not in channel:
            done.lay({"channels": {name: channel}}, self.origin)
            return
        other = channel["like"]
        if not isinstance(other, str) or other not in channels:
            raise self.error((*place, "like"), f"names no channel{suggestion(other, channels)}", other)
        if other in (*chain, name):
            circle = " -> ".join([*chain, name, other])
            raise self.error((*place, "like"), f"goes in a circle: {circle}; give one of them its own tables", other)
        self._lay_channel(done, other, (*chain, name))
        copied = done.tree["channels"][other]
        if not isinstance(copied, dict):
            raise self.error(("channels", other), "must be a table", copied)

        def origin(path):
            return Origin(done.origin(("channels", other, *path[2:])).source, f"like {other}")

        done.lay(copied, origin, place)
        done.lay({key: value for key, value in channel.items() if key != "like"}, self.origin, place)

    def overrule_lite(self, said):
        """Take out of the table ``lite`` what tables to be laid over these say themselves.

        What a base changes in a trial run was meant for its own values. A table whose type changes takes all along.

        Parameters
        ----------
        said : dict
        """
        self._overrule(self.tree.get("lite"), self.tree, said, ("lite",))

    def _overrule(self, lite, below, said, path):
        if not isinstance(lite, dict) or not isinstance(said, dict):
            return
        for key in lite.keys() & said.keys():
            known, value = below.get(key, {}), said[key]
            if isinstance(value, dict) and isinstance(known, dict) and _same_type(known, value):
                self._overrule(lite[key], known, value, (*path, key))
            else:
                self.forget((*path, key))
                del lite[key]

    def forget(self, path):
        """Forget the origins of a value, or of a table and all in it."""
        for known in [known for known in self.origins if known[:len(path)] == path]:
            del self.origins[known]

    def pop(self, key):
        """Take out a value of the top table, if it is there."""
        self.forget((key,))
        self.tree.pop(key, None)

    def copy(self):
        """Layers of their own with the same tables."""
        other = Layers(self.source)
        other.lay_over(self)
        return other

    def origin(self, path):
        """Where a value comes from; one that no layer has comes from that of its table."""
        while path and path not in self.origins:
            path = path[:-1]
        return self.origins.get(path, Origin(self.source))

    def error(self, path, rule, *value):
        """A ConfigError that names source, key, and value if one is given.

        Parameters
        ----------
        path : tuple of str
            Behind it may be the index of an element of the value, or several of nested arrays.
        rule : str
            What the value breaks, and the remedy.
        *value
            The value, where it helps.
        """
        return ConfigError(f"{self._blame(path, *value)}{':' if self.by_set(path) else ''} {rule}")

    def pair_error(self, path, rule, *value):
        """As :meth:`error`, of a value that does not go with others that ``rule`` names.

        A value by ``--set`` is named first, or else one of the file itself, before those of its bases: it is there
        that somebody changed something.
        """
        origin = self.origin(path)
        partner = max(self._partners(path, rule), key=self._nearness, default=path)
        if self._nearness(partner) <= self._nearness(path):
            return self.error(path, rule, *value)
        value_of_partner = self._value(partner)
        first = self._blame(partner, *([] if isinstance(value_of_partner, dict) else [value_of_partner]))
        return ConfigError(f"{first}: {_named(path, origin, value)} ({origin}) {rule}")

    def by_set(self, path):
        """Whether a value is from ``--set``."""
        return self.origin(path).source == SET

    def _blame(self, path, *value):
        """Source, key, and value if one is given."""
        origin = self.origin(path)
        key = _named(path, origin, value)
        return f"{SET} {key}" if origin.source == SET else f"{origin.source}: {key}"

    def _nearness(self, path):
        """How near a value is to who gave the command."""
        return {SET: 2, self.source: 1}.get(self.origin(path).source, 0)

    def _partners(self, path, rule):
        """Paths of the values that a rule names: those of the same channel, or of what all channels share."""
        words = set(re.findall(r"\w+", rule))
        for place in self.origins:
            elsewhere = place[0] == path[0] == "channels" and place[:2] != path[:2]
            if elsewhere or place[0] == "published" or place == path[:len(place)]:
                continue
            value = self._value(place)
            whole = len(STAGES.get(place[-1], ())) == 1  # a table that a message means when it says its name
            if (value if place[-1] == "type" else place[-1]) in words and (whole or not isinstance(value, dict)):
                yield place

    def _value(self, path):
        value = self.tree
        for key in path:
            value = value[key]
        return value


def _named(path, origin, value):
    """The key as its file has it, with the value if one is given; numbers at its end are places in an array."""
    keys = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    key = f"{'lite' if origin.note == 'lite' else ''}{''.join(keys)}".removeprefix(".")
    if not value:
        return key
    plain = isinstance(value[0], (bool, list, tuple, dict))  # as TOML has it; other values are read as Python's, too
    return f"{key}={toml_value(value[0]) if plain else repr(value[0])}"


def _same_type(known, value):
    """Whether a table leaves the type of the one that it is laid over."""
    return value.get("type", known.get("type")) == known.get("type")
