"""The packages of assay/: which may import which, and nothing in their `__init__.py` but what the room is for."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A package imports only from packages above it.
ORDER = (
    "contract",
    "modalities",
    "layouts",
    "collecting",
    "training",
    "encoders",
    "catalogue",
    "measures",
    "cleaning",
    "annotation",
    "evaluation",
    "release",
    "reporting",
    "comparison",
    "labelling",
    "review",
    "inspection",
    "exporting",
)


def imports(path: Path) -> set[str]:
    """The modules of this project that a file imports, anywhere in it, as `assay.package.module`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in names if (ROOT / f"{name.replace('.', '/')}.py").exists()}
            found |= modules or {node.module}
    return {name for name in found if name.split(".")[0] in ("assay", "stages")}


def packages(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("assay.")}


def test_every_package_is_ordered() -> None:
    assert {path.parent.name for path in (ROOT / "assay").glob("*/__init__.py")} == set(ORDER)


@pytest.mark.parametrize("package", ORDER)
def test_imports_go_one_way(package: str) -> None:
    allowed = set(ORDER[: ORDER.index(package) + 1])
    for path in (ROOT / "assay" / package).glob("*.py"):
        assert packages(path) <= allowed, path.name


def test_there_is_no_circle_of_modules() -> None:
    todo = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): imports(path)
            for path in (ROOT / "assay").glob("*/*.py")}  # fmt: skip
    while todo:
        free = {name for name, needed in todo.items() if not needed & set(todo) - {name}}
        assert free, sorted(todo)
        todo = {name: needed for name, needed in todo.items() if name not in free}


def test_a_package_says_what_it_is_for_and_exports_nothing() -> None:
    for path in (ROOT / "assay").glob("*/__init__.py"):
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        assert len(tree.body) == 1, path


def test_the_library_does_not_know_the_stages() -> None:
    for path in (ROOT / "assay").rglob("*.py"):
        assert not any(name.startswith("stages") for name in imports(path)), path


def test_modules_are_short_and_lines_too() -> None:
    for path in [*(ROOT / "assay").rglob("*.py"), *(ROOT / "stages").glob("*.py")]:
        lines = path.read_text().splitlines()
        assert len(lines) <= 250, path
        assert all(len(line) <= 100 for line in lines), path
