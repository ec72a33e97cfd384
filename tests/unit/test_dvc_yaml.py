"""dvc.yaml says what the code does: code dependencies, paths and parameters, held against the source."""

import ast
import inspect
import re
from pathlib import Path

import pytest
import yaml

from assay import dataset, parameters

ROOT = Path(__file__).parents[2]
DVC = yaml.safe_load((ROOT / "dvc.yaml").read_text())
STAGES = {name: stage.get("do", stage) for name, stage in DVC["stages"].items()}
PATHS = {name: path for name, path in vars(dataset).items() if isinstance(path, Path) and not name.startswith("_")}


def imported(path: Path) -> set[Path]:
    """The files of this project that a module imports, anywhere in it, and the packages they lie in."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    ours = {name for name in names if name.split(".")[0] in ("assay", "stages")}
    packages = {ROOT / name.split(".")[0] / "__init__.py" for name in ours}
    return packages | {file for name in ours if (file := ROOT / f"{name.replace('.', '/')}.py").exists()}


def code_of(stage: str) -> set[str]:
    found, todo = set(), {ROOT / "stages" / f"{stage}.py", ROOT / "stages" / "__init__.py"}
    while todo:
        found |= todo
        todo = set().union(*map(imported, todo)) - found
    return {path.relative_to(ROOT).as_posix() for path in found}


def outs_of(stage: dict) -> list[str]:
    entries = [*stage.get("outs", []), *stage.get("metrics", [])]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


@pytest.mark.parametrize("stage", STAGES)
def test_code_dependencies_are_the_imports(stage):
    assert {dep for dep in STAGES[stage]["deps"] if dep.endswith(".py")} == code_of(stage)


def test_stages_are_the_modules():
    modules = {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__"}
    assert modules == set(STAGES)
    assert all(stage["cmd"] == f"python -m stages.{name}" for name, stage in STAGES.items())


def test_paths_are_spelled_once():
    """No path of the pipeline stands in Python but in dataset.py, and each there is known to dvc.yaml."""
    used = {path for stage in STAGES.values() for path in [*outs_of(stage), *stage["deps"]]}
    for name, path in PATHS.items():
        assert any(use == path.as_posix() or use.startswith(f"{path.as_posix()}/") for use in used), name
    spelled = re.compile(r"""["'](?:data|models|metrics|plots|release)/""")
    sources = [path for folder in ("assay", "stages") for path in (ROOT / folder).glob("*.py")]
    assert [path.name for path in sources if spelled.search(path.read_text())] == ["dataset.py"]


def test_every_output_is_named_in_dataset():
    of_a_batch = {
        function("${item}").as_posix()
        for function in (dataset.examples, dataset.labels, dataset.truth, dataset.sample, dataset.embeddings)
    }
    known = of_a_batch | {path.as_posix() for path in PATHS.values()}
    raw = set(outs_of(STAGES["digits"]))
    assert {out for stage in STAGES.values() for out in outs_of(stage)} - raw <= known


@pytest.mark.parametrize("stage", STAGES)
def test_parameters_are_those_that_the_stage_reads(stage):
    """Each section that a stage's main reads is declared, and none else but what fixes the arithmetic."""
    source = (ROOT / "stages" / f"{stage}.py").read_text()
    read = set(re.findall(r"parameters\.load\(\)\.(\w+)|params\.(\w+)", source))
    sections = {name for pair in read for name in pair} & set(parameters.Parameters.model_fields)
    declared = {param.split(".")[0] for param in STAGES[stage].get("params", [])}
    assert sections <= declared
    assert declared - sections <= {"portable", "threads"}


def test_dvc_yaml_is_short():
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) < 150


def test_every_public_name_has_a_docstring():
    for path in (ROOT / "assay").glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                assert inspect.cleandoc(ast.get_docstring(node) or "") or node.name in dir(parameters), (
                    f"{path.name}: {node.name}"
                )
