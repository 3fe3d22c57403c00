"""Data flows one way: a room imports only from rooms above it."""

import ast
import importlib
import sys
import types
from pathlib import Path

import pytest

import bovw

PACKAGE = Path(bovw.__file__).parent
#: from the top down; a file may import from its own line and from the lines above it
ROOMS = (
    ("_cext",),
    ("errors", "_validation", "_parameters", "_random", "_threads", "_files", "_locks", "_progress", "_text",
     "_matfile", "_methods", "_synset_files", "_units", "_docs", "_transformer"),
    ("persist",),
    ("images",),
    ("taxonomy",),
    ("datasets",),
    ("blocks",),
    ("descriptors",),
    ("codebook",),
    ("encoding",),
    ("pooling",),
    ("signatures",),
    ("stores",),
    ("classify",),
    ("evaluation",),
    ("pipeline",),
    ("interchange",),
    ("results",),
    ("experiment",),
    ("display",),
    ("cli",),
    ("__main__",),
)
#: names with an underscore that are no secret: of named tuples and of the standard library
PUBLIC_ALL_THE_SAME = {"_asdict", "_exit", "_fields", "_make", "_replace"}
LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}
FILES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def imported_rooms(path):
    """Names of the rooms that a file imports, wherever in the file the import stands."""
    inside = path.relative_to(PACKAGE).parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                parts = [*inside[: len(inside) - node.level], *(node.module.split(".") if node.module else [])]
                targets = [parts] if parts else [[alias.name] for alias in node.names]
            else:
                module = node.module.split(".")
                targets = [module[1:] or [alias.name] for alias in node.names] if module[0] == "bovw" else []
            for target in targets:
                yield target[0]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                if parts[0] == "bovw" and len(parts) > 1:
                    yield parts[1]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_downhill(path):
    room = room_of(path)
    assert room in LEVEL, f"{room} is not in the list of rooms"
    for other in imported_rooms(path):
        if other == "__version__":
            continue
        assert LEVEL[other] <= LEVEL[room], f"{path.name} in {room} imports from {other}, which lies below it"


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def private(name):
    return name.startswith("_") and not name.startswith("__")


@pytest.fixture(scope="module")
def private_names():
    """room -> private names of functions, classes, variables and attributes that are defined in it."""
    names = {}
    for path in FILES:
        found = names.setdefault(room_of(path), set())
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.attr if isinstance(node, ast.Attribute) else node.id)
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_what_is_private_is_read_in_its_own_room_only(path, private_names):
    """``thing._x`` of another room is read nowhere, ``self._x`` that another room's base class made included."""
    own = private_names[room_of(path)] | PUBLIC_ALL_THE_SAME
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and private(node.attr):
            assert node.attr in own, f"line {node.lineno}: {ast.unparse(node)} belongs to another room"
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                inside = node.level < len(path.relative_to(PACKAGE).parts)
                module = (PACKAGE / f"{alias.name}.py").exists() or (PACKAGE / alias.name).is_dir()
                assert not private(alias.name) or inside or module, f"line {node.lineno}: {alias.name}"


def test_only_images_reads_files_with_opencv():
    for path in FILES:
        if path.relative_to(PACKAGE).parts[0] != "images":
            text = path.read_text(encoding="utf-8")
            assert "cv2.imread" not in text
            assert "cv2.imdecode" not in text


def test_every_public_name_exists():
    for name in bovw.__all__:
        assert getattr(bovw, name).__name__ == name
    with pytest.raises(AttributeError, match="NoSuchThing"):
        bovw.NoSuchThing  # noqa: B018


def test_no_module_is_hidden_by_a_name_of_its_package():
    """``import bovw.descriptors.x as m`` gives the module, whose head has the mathematics."""
    for path in FILES:
        name = "bovw." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if path.name not in ("__init__.py", "__main__.py"):
            importlib.import_module(name)
            package, _, last = name.rpartition(".")
            assert isinstance(getattr(sys.modules[package], last), types.ModuleType), name


def test_every_public_name_has_a_docstring_with_its_sections():
    for name in bovw.__all__:
        thing = getattr(bovw, name)
        assert thing.__doc__, name
        if not (isinstance(thing, type) and issubclass(thing, Exception)):
            assert "Parameters\n" in thing.__doc__ or "Attributes\n" in thing.__doc__, name
