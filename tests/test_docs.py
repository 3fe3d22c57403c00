"""Docstrings completed from a class: what is taken, what stays, and what is refused at import."""

import inspect
import subprocess
import sys

import pytest

import bovw
from bovw._docs import documented_by


class Source:
    """A thing.

    Parameters
    ----------
    size, side : int >= 1, default 3
        In pixels,
        both.
    mode : str

    Attributes
    ----------
    fitted_ : bool

    References
    ----------
    The paper, in full.
    """


def test_a_function_gets_entries_in_their_place_and_the_sections_it_lacks():
    @documented_by(Source)
    def function(image, mode, size, out):
        """One line.

        Parameters
        ----------
        image : array
        mode, size
            As in :class:`Source`, which does more.
        out : array

        Examples
        --------
        >>> 1
        1
        """

    assert function.__doc__ == inspect.cleandoc("""
        One line.

        Parameters
        ----------
        image : array
        mode : str
        size, side : int >= 1, default 3
            In pixels,
            both.
        out : array

        Raises
        ------
        ParameterError
            If a parameter is out of range, or an array has a wrong shape or wrong values.

        See Also
        --------
        Source : the estimator.

        References
        ----------
        The paper, in full.

        Examples
        --------
        >>> 1
        1
    """) + "\n"


def test_what_a_function_says_itself_stays():
    @documented_by(Source)
    def function(mode):
        """One line.

        Parameters
        ----------
        mode : int
            Its own.

        Raises
        ------
        OSError

        References
        ----------
        Section 2.
        """

    assert "mode : int\n    Its own.\n" in function.__doc__
    assert "OSError" in function.__doc__ and "ParameterError" not in function.__doc__
    assert "Section 2." in function.__doc__ and "The paper" not in function.__doc__


def test_a_class_gets_attributes_and_no_errors_or_sources():
    @documented_by(Source)
    class Derived(Source):
        """Another thing.

        Parameters
        ----------
        mode
            As in :class:`Source`.
        """

    assert "\nmode : str\n\nAttributes\n----------\nfitted_ : bool\n" in Derived.__doc__
    assert "Raises" not in Derived.__doc__ and "References" not in Derived.__doc__


@pytest.mark.parametrize("entry", ["depth\n    As in :class:`Source`.", "mode\n    As in :class:`Other`."])
def test_a_reference_that_leads_nowhere_is_an_error(entry):
    def function(depth):
        pass

    function.__doc__ = f"One line.\n\nParameters\n----------\n{entry}\n"
    with pytest.raises(TypeError, match=r"function: (depth|mode) are not all documented by Source"):
        documented_by(Source)(function)


def test_a_section_of_unknown_name_is_an_error_not_lost():
    def function():
        pass

    function.__doc__ = "One line.\n\nParameters\n----------\nx : int\n\nMiscellany\n----------\nMore.\n"
    with pytest.raises(TypeError, match="Miscellany"):
        documented_by(Source)(function)


@pytest.mark.parametrize("name", bovw.__all__)
def test_no_function_refers_to_its_class_for_a_parameter(name):
    thing = getattr(bovw, name)
    assert isinstance(thing, type) or "\n    As in :class:" not in inspect.getdoc(thing)


def test_the_package_works_without_docstrings():
    code = "import bovw; print(bovw.llc([[0.25]], [[0.0], [1.0]], n_neighbors=1).indices.tolist(), bovw.llc.__doc__)"
    out = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "[[0]] None\n"
