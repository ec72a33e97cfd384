"""dvc.yaml says what the code does: packages, paths and parameters, held against the source."""

import ast
import inspect
import re
from pathlib import Path

import pytest
import yaml

from assay.contract import parameters, paths
from tests.unit.test_packages import imports

ROOT = Path(__file__).parents[2]
DVC = yaml.safe_load((ROOT / "dvc.yaml").read_text())
STAGES = {name: stage.get("do", stage) for name, stage in DVC["stages"].items()}
PATHS = {name: path for name, path in vars(paths).items() if isinstance(path, Path)}
# paths that are no part of the pipeline
PRIVATE = {"PARAMETERS", "UNFINISHED", "CHECKPOINT", "RECORD"}
# Both only prepare the process, by what is in assay/contract: no stage lists them.
ENTRANCES = {"stages/__init__.py": 5, "assay/__init__.py": 3}


def packages_of(path: Path) -> set[str]:
    """The packages of assay/ that a file stands on, and those that they stand on."""
    found, todo = set(), {name.split(".")[1] for name in imports(path) if name.startswith("assay.")}
    while todo:
        found |= todo
        files = [file for package in todo for file in (ROOT / "assay" / package).glob("*.py")]
        todo = {name.split(".")[1] for file in files for name in imports(file)} - found
    return found


def outs_of(stage: dict) -> list[str]:
    entries = [*stage.get("outs", []), *stage.get("metrics", [])]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


@pytest.mark.parametrize("stage", STAGES)
def test_code_dependencies_are_the_imports(stage):
    code = [dep for dep in STAGES[stage]["deps"] if dep.startswith(("assay", "stages"))]
    source = f"stages/{stage}.py"
    assert code[0] == source
    assert set(code[1:]) == {f"assay/{package}" for package in packages_of(ROOT / source)}
    assert len(code) == len(set(code))


def test_what_no_stage_lists_is_next_to_nothing():
    for name, statements in ENTRANCES.items():
        assert len(ast.parse((ROOT / name).read_text()).body) == statements, name


def test_every_stage_is_described():
    assert all(stage["desc"] for stage in STAGES.values())


def test_stages_are_the_modules():
    modules = {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__"}
    assert modules == set(STAGES)
    assert all(stage["cmd"] == f"python -m stages.{name}" for name, stage in STAGES.items())


def test_paths_are_spelled_once():
    """No path of the pipeline stands in Python but in paths.py, and each there is known to dvc.yaml."""
    used = {path for stage in STAGES.values() for path in [*outs_of(stage), *stage["deps"]]}
    for name, path in PATHS.items():
        if name not in PRIVATE:
            assert any(
                use == path.as_posix() or use.startswith(f"{path.as_posix()}/") for use in used
            ), name
    spelled = re.compile(r"""["'](?:data|models|metrics|plots|release)/""")
    sources = [path for folder in ("assay", "stages") for path in (ROOT / folder).rglob("*.py")]
    assert [path.name for path in sources if spelled.search(path.read_text())] == ["paths.py"]


def test_every_output_is_named_in_paths():
    of_a_batch = {
        function("${item}").as_posix()
        for function in (
            paths.examples,
            paths.labels,
            paths.truth,
            paths.summary,
            paths.sample,
            paths.embeddings,
        )
    }
    known = of_a_batch | {path.as_posix() for path in PATHS.values()}
    raw = set(outs_of(STAGES["digits"]))
    assert {out for stage in STAGES.values() for out in outs_of(stage)} - raw <= known


def modules_of(stage: str) -> set[Path]:
    """The files that a stage imports, and those that they import."""
    found, todo = set(), {ROOT / "stages" / f"{stage}.py"}
    while todo:
        found |= todo
        names = set().union(*map(imports, todo))
        files = {ROOT / f"{name.replace('.', '/')}.py" for name in names}
        todo = {file for file in files if file.exists()} - found
    return found


# The key of a checkpoint, which only `train` asks for: it reads what `train` declares.
READ_BY_TRAIN_ALONE = ("assay/training/checkpoints.py", "train")


@pytest.mark.parametrize("stage", STAGES)
def test_parameters_are_those_that_are_read(stage):
    """Each section that a stage or the library under it reads is declared, and no other one."""
    read = set()
    for path in modules_of(stage):
        names = re.findall(r"\b(?:params|given|parameters\.load\(\))\.(\w+)", path.read_text())
        name = path.relative_to(ROOT).as_posix()
        sections = set(names) & set(parameters.Parameters.model_fields)
        if (name, "train") == READ_BY_TRAIN_ALONE and stage != "train":
            sections -= {"train"}
        read |= sections
    declared = {param.split(".")[0] for param in STAGES[stage].get("params", [])}
    assert read <= declared
    assert declared - read <= {"portable", "threads"}


def test_every_public_name_has_a_docstring():
    for path in (ROOT / "assay").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                assert inspect.cleandoc(ast.get_docstring(node) or "") or node.name in dir(
                    parameters
                ), f"{path.name}: {node.name}"
