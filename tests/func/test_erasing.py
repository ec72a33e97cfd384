"""docs/erasing.md, typed as it stands there: nothing is left of a text in any cache or remote."""

import csv
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.support.pipeline import CACHE, PERSON, ROOT, Project, clone
from tests.support.sites import commands

pytestmark = pytest.mark.slow

PAGE = "docs/erasing.md"
WORD = "Quor" + "nelia"  # so that this file does not hold it
SECRET = f"my name is {WORD}"
HAS_IT = {"mine": 7, "later": 4}  # row by batch
WORDS = {"low": ["tief", "ruhig", "leise"], "high": ["hoch", "laut", "schnell"]}


def write(folder: Path, batch: str) -> None:
    """40 texts, one of them the secret, and what two people say of it and of the next."""
    rng = np.random.default_rng(len(batch))
    rows = []
    for number in range(40):
        label = ("low", "high")[number % 2]
        text = " ".join([*rng.choice(WORDS[label], 3), batch, str(number)])
        split = ("train", "test", "validation", "train")[number // 2 % 4]
        rows.append({"key": f"{batch}-{number}", "text": text, "label": label, "split": split})
    row = HAS_IT[batch]
    rows[row] |= {"text": SECRET, "split": "train"}
    folder.mkdir(parents=True)
    with (folder / "examples.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    votes = [f"{batch}-{number},{name},low" for number in (row, row + 1) for name in "ab"]
    (folder / "annotations.csv").write_text("\n".join(["key,annotator,label", *votes, ""]))


def holding(*folders: Path) -> list[Path]:
    """The files of some folders in which the secret is, unpacked where they are Parquet."""
    found = []
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if content.startswith(b"PAR1"):
            content += str(pq.read_table(path).to_pylist()).encode()
        if WORD.encode() in content:
            found.append(path)
    return found


def take_out(path: Path, start: str) -> None:
    """Take out the rows of a file that start so."""
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [row for row in rows if not row.startswith(start)]
    assert len(kept) < len(rows)
    path.write_text("".join(kept), encoding="utf-8")


def typed(project: Project, lines: list[str]) -> None:
    """Type commands, but build only what is made before the training, which takes longer."""
    script = "\n".join(["set -e", *lines])
    for command, part in (("repro", "repro annotate"), ("pull", "pull --allow-missing")):
        script = re.sub(f"^dvc {command}$", f"dvc {part}", script, flags=re.MULTILINE)
    project.run(script)


def test_nothing_is_left_of_an_example(tmp_path: Path) -> None:
    anna = clone(tmp_path / "anna", HOME=str(tmp_path), **PERSON)
    store = tmp_path / "store"
    anna.set(batches=[*HAS_IT], pretrain__batches=["mine"])
    for batch in HAS_IT:
        write(anna.folder / "data/raw" / batch, batch)
    anna.run("git rm -q dvc.lock && dvc add data/raw/mine data/raw/later")
    anna.run(f"dvc remote add --default team '{store}'")
    answers = anna.folder / "data/annotations/anna.csv"
    answers.write_text("key,annotator,label\nmine-7,anna,high\n")
    anna.run("git init -q --bare ../origin && git remote add origin ../origin")
    typed(anna, ["dvc repro", "git add .", "git commit -qm v1", "git tag v1", "dvc push"])
    anna.run("git push -q origin HEAD --tags")
    ids = identifiers(anna, "key", "mine-7")
    bela = Project(tmp_path / "bela", **anna.environ)
    Project(tmp_path).run("git clone -q origin -b main bela")
    typed(bela, ["dvc pull"])
    for folder in (anna.folder / CACHE, store, bela.folder / CACHE):
        assert len(holding(folder)) > len(HAS_IT)

    assert identifiers(anna, "id", ids["mine"]) == dict.fromkeys(HAS_IT, ids["mine"])
    for batch, row in HAS_IT.items():
        for name in ("examples.csv", "annotations.csv"):
            take_out(anna.folder / "data/raw" / batch / name, f"{batch}-{row},")
    take_out(answers, "mine-7,")
    typed(anna, commands("Delete it", PAGE))
    (colleague,) = re.findall(r"types `(.+?)`, `(.+?)` and `(.+?)`\.", (ROOT / PAGE).read_text())
    typed(bela, list(colleague))
    everywhere = [anna.folder, bela.folder, tmp_path / "origin", store]
    assert holding(*everywhere) == []
    assert WORD not in anna.run("git log --all --patch").stdout
    assert len(pq.read_table(anna.folder / "data/collected/mine/examples.parquet")) == 39
    assert anna.run("dvc status annotate").stdout == "Data and pipelines are up to date.\n"


def identifiers(project: Project, column: str, value: str) -> dict[str, str]:
    """What the Python lines of the page find: the id by batch."""
    (script,) = re.findall(r"```python\n(.*?)```", (ROOT / PAGE).read_text(), re.DOTALL)
    lines = script.replace('"id"] == "ID"', f'"{column}"] == "{value}"')
    (project.folder.parent / "find.py").write_text(lines)
    found = {}
    for line in project.run("python ../find.py").stdout.splitlines():
        batch, _, rows = line.partition(" ")
        if id_ := re.search(r"'id': '(\w+)'", rows):
            found[batch] = id_[1]
    return found
