"""What a result was computed with: versions, processor, thread budget."""

import importlib.metadata
import platform
import sys

from .._cext import SIMD_LEVEL
from .._threads import n_cores

PACKAGES = ("numpy", "scipy", "scikit-learn", "scikit-image", "joblib", "Pillow")
_OPENCV_BUILDS = (
    "opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless",
)


def describe_environment():
    """Versions of bovw, Python and the libraries, SIMD level, processor and cores, as a dict of plain values."""
    from .. import __version__

    return {
        "bovw": __version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in (*PACKAGES, _opencv_build())},
        "simd": SIMD_LEVEL,
        "processor": _processor(),
        "cores": n_cores(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _opencv_build():
    """Which build of OpenCV is installed; the one that bovw asks for, if none is."""
    return next((name for name in _OPENCV_BUILDS if _version(name)), _OPENCV_BUILDS[0])


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def peak_memory_mb():
    """Largest resident size of this process so far in MB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
