"""The compiled extensions; all other metadata is in pyproject.toml.

Every ``cext/NAME.pyx`` becomes ``bovw._cext.NAME``, compiled for the baseline
of the platform. On x86-64 each is compiled a second time for AVX2 and laid
into ``bovw/_cext/avx2/``; ``bovw/_cext/__init__.py`` chooses between the two
when it is imported. Floating-point contraction stays off and no fast-math flag
is ever passed, so both give the same bits.

``BOVW_BOUNDSCHECK=1`` builds with Cython's index checks on, for a test run.
"""

import copy
import os
import platform
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

CHECKED = os.environ.get("BOVW_BOUNDSCHECK", "0") not in ("", "0")
X86_64 = platform.machine().lower() in ("x86_64", "amd64") and "arm64" not in os.environ.get("ARCHFLAGS", "")

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": CHECKED,
    "wraparound": False,
    "initializedcheck": CHECKED,
    "cdivision": True,
    "embedsignature": True,
    "freethreading_compatible": True,
}
SHARED = "bovw._cext._cyutility"  # Cython's memoryview code, once instead of in every module
UNIX_FLAGS = ["-O3", "-g0", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi"]
MSVC_FLAGS = ["/O2", "/fp:precise"]


class BuildExt(build_ext):
    """Adds the flags of the compiler at hand, keeps the two levels' object files apart, and uses all cores."""

    def finalize_options(self):
        super().finalize_options()
        if self.parallel is None:
            self.parallel = os.cpu_count()

    def build_extension(self, ext):
        fast = ext.name.split(".")[-2] == "avx2"
        if self.compiler.compiler_type == "msvc":
            ext.extra_compile_args = [*MSVC_FLAGS, *(["/arch:AVX2"] if fast else [])]
        else:
            ext.extra_compile_args = [*UNIX_FLAGS, *(["-mavx2"] if fast else [])]
        one = copy.copy(self)  # extensions are built in parallel, each needs a build_temp of its own
        one.build_temp = os.path.join(self.build_temp, *ext.name.split("."))
        super(BuildExt, one).build_extension(ext)

    def copy_extensions_to_source(self):
        Path("bovw/_cext/avx2").mkdir(exist_ok=True)  # holds nothing but compiled files, so git has no such folder
        super().copy_extensions_to_source()


def extensions():
    sources = sorted(str(path) for path in Path("cext").glob("*.pyx"))
    headers = sorted(str(path) for path in Path("cext/include").glob("*.h"))
    baseline = cythonize(
        [
            Extension(f"bovw._cext.{Path(source).stem}", [source], include_dirs=["cext/include"], depends=headers)
            for source in sources
        ]
        + [Extension(SHARED, ["cext/_cyutility.c"])],
        shared_utility_qualified_name=SHARED,
        compiler_directives=DIRECTIVES,
        force=CHECKED,
        nthreads=os.cpu_count() if sys.platform == "linux" else 0,
    )
    if not X86_64:
        return baseline
    fast = [
        Extension(
            ext.name.replace("bovw._cext.", "bovw._cext.avx2."),
            list(ext.sources),
            include_dirs=ext.include_dirs,
            depends=headers,
        )
        for ext in baseline
        if ext.name not in ("bovw._cext.cpu", SHARED)
    ]
    return [*baseline, *fast]


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildExt})
