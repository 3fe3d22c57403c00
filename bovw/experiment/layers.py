"""A tree of tables that is laid together from several sources, and remembers where each value comes from.

A table that changes ``type`` replaces the table below it, for the parameters belong to the type; other tables are laid
over one another key by key.
"""

import copy
from typing import NamedTuple

from .._validation import suggestion
from ..errors import ConfigError

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
        rule : str
            What the value breaks, and the remedy.
        *value
            The value, where it helps.
        """
        origin = self.origin(path)
        key = ".".join((*(["lite"] if origin.note == "lite" else []), *path))
        if value:
            key = f"{key}={value[0]!r}"
        return ConfigError(f"{SET} {key}: {rule}" if origin.source == SET else f"{origin.source}: {key} {rule}")


def _same_type(known, value):
    """Whether a table leaves the type of the one that it is laid over."""
    return value.get("type", known.get("type")) == known.get("type")
