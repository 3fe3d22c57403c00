"""OpenCV, loaded when it is first used: whichever of its four builds is installed.

On a machine without a screen the builds with windows cannot be loaded (``libGL.so.1``), and much of bovw needs no
OpenCV at all. So nothing imports ``cv2`` but this file, and all others take it from here.
"""

from .._threads import limit_opencv
from ..errors import OpenCVError

_REMEDY = "pip uninstall -y opencv-python && pip install opencv-python-headless"


class _OpenCV:
    """Stands for the module ``cv2``; what was once asked for is an attribute of its own."""

    def __getattr__(self, name):
        if name.startswith("__"):  # what inspection asks of any object
            raise AttributeError(name)
        try:
            import cv2 as module
        except ImportError as error:
            raise OpenCVError(
                f"OpenCV cannot be loaded ({error}): on a machine without a screen install opencv-python-headless "
                f"in its place: {_REMEDY}"
            ) from error
        limit_opencv()
        value = getattr(module, name)
        setattr(self, name, value)
        return value


cv2 = _OpenCV()
