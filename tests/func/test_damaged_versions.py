"""`compare` where a file of a version is cut, empty or no file, or holds what it should not: one line."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from assay.comparison import comparison_page, gate
from assay.comparison.compare import compare
from assay.comparison.versions import Version
from assay.contract.errors import InputError
from assay.evaluation.scores import METRICS
from benchmarks.workspace import set_parameters

ROOT = Path(__file__).parents[2]
N = 60
IDS = [f"{number:032x}" for number in range(N)]
SPLITS = ["test" if number % 3 == 0 else "train" for number in range(N)]
LABELS = ["ab"[number % 2] for number in range(N)]
CACHED = ["data/collected/b/examples.parquet", "data/collected/b/labels.csv", "data/embedded/b.npy"]
CONFLICT = b"<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> theirs\n"


def git(command: str) -> None:
    subprocess.run(f"git -c user.name=a -c user.email=a {command}", shell=True, check=True)


def rows(header: str, split: str, *cells: str) -> str:
    lines = zip(IDS, LABELS, SPLITS, strict=True)
    row = ",".join(["{0}", *cells])
    return header + "".join(f"\n{row.format(*line)}" for line in lines if line[2] == split) + "\n"


def write_json(name: str, **values: object) -> None:
    Path(name).write_text(json.dumps(values))


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of one version, as the pipeline would leave it, and a `.dvc/cache` beside git."""
    root = tmp_path_factory.mktemp("version")
    before = Path.cwd()
    os.chdir(root)
    for folder in ("collected/b", "embedded", "annotated", "annotations"):
        Path("data", folder).mkdir(parents=True)
    for folder in ("metrics", "plots", "models/encoder", ".dvc"):
        Path(folder).mkdir(parents=True)
    Path("models/encoder/encoder.onnx").write_bytes(b"an encoder")
    shutil.copy(ROOT / "params.yaml", root)
    set_parameters(root, batches=["b"], pretrain__batches=["b"])
    keys = [f"k{number}" for number in range(N)]
    table = pa.table({"id": IDS, "key": keys, "split": SPLITS})
    pq.write_table(table, CACHED[0])
    votes = zip(IDS, LABELS, strict=True)
    Path(CACHED[1]).write_text(
        "id,annotator,label\n" + "".join(f"{id_},x,{label}\n" for id_, label in votes)
    )
    features = np.random.default_rng(0).normal(size=(N, 4)) + np.eye(4)[[0, 1] * (N // 2)]
    np.save(CACHED[2], features.astype(np.float32))
    learned = rows("id,label,weight,source", "train", "{1}", "1", "consensus")
    Path("data/annotated/labels.csv").write_text(learned)
    Path("data/annotated/test.csv").write_text(rows("id,label,source", "test", "{1}", "consensus"))
    Path("data/annotations/a.csv").write_text("key,annotator,label\nk1,anna,b\n")
    predicted = rows("id,answer,predicted,confidence,loss", "test", "{1}", "{1}", "0.9", "0.1")
    Path("plots/predictions.csv").write_text(predicted)
    Path("metrics/classes.csv").write_text("label,f1\na,1\nb,1\n")
    write_json("data/batches.json", batches=["b"])
    write_json("metrics/clean.json", examples=N, labelled=N, penalty=1.0)
    ends = ("", "_low", "_high")
    write_json("metrics/evaluate.json", **{f"{name}{end}": 0.5 for name in METRICS for end in ends})

    Path(".dvc/config").touch()
    Path(".gitignore").write_text("/data/collected/\n/data/embedded/\n/.dvc/cache\n/.dvc/tmp\n")
    stages, locked = {}, {}
    for path in CACHED:
        digest = hashlib.md5(Path(path).read_bytes()).hexdigest()
        kept = Path(".dvc/cache/files/md5", digest[:2], digest[2:])
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, kept)
        name, size = Path(path).stem, kept.stat().st_size
        stages[name] = {"cmd": "true", "outs": [path]}
        out = {"path": path, "hash": "md5", "md5": digest, "size": size}
        locked[name] = {"cmd": "true", "outs": [out]}
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    Path("dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": locked}))
    git("init -q -b main . && git add -A")
    git("commit -qm whole")
    git("tag whole")
    os.chdir(before)
    return root


@pytest.fixture
def here(version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(version, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def told(a: str = "whole", b: str | None = None) -> str:
    """What is said where two versions cannot be compared."""
    with pytest.raises(InputError) as refused:
        compare(a, b, why=True, metrics=list(METRICS))
    return " ".join(str(refused.value).split())


def cut(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def in_words(content: bytes) -> bytes:
    for number in (b"0.9", b"0.5", b"1.0"):
        content = content.replace(number, b'"many"' if content[:1] == b"{" else b"many", 1)
    return content


def test_whole_versions_compare(here: Path) -> None:
    found = compare("whole", None, why=True, metrics=list(METRICS))
    assert (found["missing"], found["absent"]) == ([], {})
    assert found["model"]["metrics"]["accuracy"]["verdict"] == "same predictions"
    assert found["model"]["chance_in_training"]


DAMAGE: dict[str, tuple[list[str], Callable[[bytes], bytes]]] = {
    "cut": (
        [
            *("data/batches.json", "metrics/clean.json", "metrics/classes.csv"),
            *("plots/predictions.csv", "data/annotated/labels.csv", "data/annotated/test.csv"),
            *CACHED,
        ],
        cut,
    ),
    "empty": (
        [
            *("data/batches.json", "metrics/clean.json", "metrics/classes.csv"),
            *("plots/predictions.csv", "data/annotated/labels.csv", "data/annotations/a.csv"),
            *("params.yaml", "dvc.lock", *CACHED),
        ],
        lambda _: b"",
    ),
    "words for numbers": (["metrics/clean.json", "plots/predictions.csv"], in_words),
    "a merge conflict": (
        [
            *("data/batches.json", "metrics/clean.json", "metrics/classes.csv", "dvc.yaml"),
            *("plots/predictions.csv", "data/annotated/labels.csv", "data/annotations/a.csv"),
            *("dvc.lock", CACHED[1]),
        ],
        lambda content: CONFLICT + content,
    ),
    "a list": (["data/batches.json", "metrics/clean.json"], lambda _: b"[1]"),
    "no number": (["metrics/clean.json"], lambda _: b'{"penalty": NaN}'),
    "brackets": (["data/batches.json", "metrics/clean.json"], lambda _: b"[" * 10_000),
    "null": (["data/batches.json", "metrics/clean.json"], lambda _: b"null"),
    "numbers for names": (["data/batches.json"], lambda _: b'{"batches": [1]}'),
    "zeros": ([*CACHED, "metrics/classes.csv", "dvc.lock"], lambda content: bytes(len(content))),
    "rows given twice": (
        ["plots/predictions.csv", "data/annotated/labels.csv"],
        lambda content: content + content.split(b"\n", 1)[1],
    ),
    "an example that is not there": (
        ["plots/predictions.csv", "data/annotated/labels.csv"],
        lambda content: content.replace(b"00000000", b"ffffffff", 4),
    ),
}


@pytest.mark.parametrize(
    ("damage", "name"), [(damage, name) for damage, (names, _) in DAMAGE.items() for name in names]
)
@pytest.mark.parametrize("side", ["workspace", "bad"])
def test_what_is_damaged_is_named(here: Path, side: str, damage: str, name: str) -> None:
    path, change = Path(name), DAMAGE[damage][1]
    changed = change(path.read_bytes())
    if side == "workspace" and name == "params.yaml":
        pytest.skip("that of the workspace is read first, as by every command")
    if side == "workspace":
        path.write_bytes(changed)
        said = told()
    else:
        if name in CACHED:  # DVC's cache is what a revision is read from
            digest = hashlib.md5(path.read_bytes()).hexdigest()
            path = Path(".dvc/cache/files/md5", digest[:2], digest[2:])
            path.unlink()
        path.write_bytes(changed)
        git("commit -qam bad --allow-empty && git tag bad")
        git("checkout -q main~1")
        said = told("bad", "bad")
    assert said.startswith(side), said
    assert name.rpartition("/")[2] in said


def test_a_merge_that_conflicts_is_told(here: Path) -> None:
    git("checkout -qb theirs")
    for branch in ("theirs", "main"):
        git(f"checkout -q {branch}")
        lock = Path("dvc.lock").read_text()
        Path("dvc.lock").write_text(lock.replace("'2.0'", f"'2.0'  # {branch}"))
        git(f"commit -qam {branch}")
    with pytest.raises(subprocess.CalledProcessError):
        git("merge -q theirs")
    remedy = "type `git checkout --ours dvc.lock`, then see docs/upgrading.md"
    said = rf"^workspace cannot be read: dvc.lock line \d+ starts a git merge conflict: {remedy}$"
    assert re.match(said, told("HEAD"))
    git("checkout -q --ours dvc.lock")
    compare("HEAD", None, why=False, metrics=["accuracy"])


def test_other_ids_of_the_same_keys_are_told(here: Path) -> None:
    """As after an upgrade that reads a column otherwise."""
    table = pq.read_table(CACHED[0])
    others = pa.array([id_.replace("0" * 20, "e" * 20) for id_ in IDS])
    Path(CACHED[0]).unlink()
    pq.write_table(table.set_column(0, "id", others), CACHED[0])
    folder = Path("data/annotated")
    for path in (Path(CACHED[1]), Path("plots/predictions.csv"), *folder.glob("*.csv")):
        content = path.read_text().replace("0" * 20, "e" * 20)
        path.unlink()
        path.write_text(content)
    found = compare("whole", None, why=True, metrics=["accuracy"])
    n_test = SPLITS.count("test")
    assert found["model"]["not_scored"] == [[n_test, n_test]] * 2
    assert list(found["model"]["recorded"]) == ["accuracy"]
    page = comparison_page.terminal(found | {"gate": gate.judge(found, ["worse"])})
    assert page.splitlines()[:2] == [
        "whole → workspace: no verdict: no test example in common",
        "FAILS --fail-if worse: nothing can be judged without a test example in common",
    ]
    same = f"{N} examples with the same batch and key but another id; 0 of them moved"
    assert same in " ".join(page.split())
    assert "the same keys have other ids: the files or the version of Assay changed" in page


def rewrite_examples(table: pa.Table) -> None:
    Path(CACHED[0]).unlink()
    pq.write_table(table, CACHED[0])


def out_of_cache(name: str) -> None:
    """Take the file that `whole` has out of the cache; the workspace keeps its own."""
    digest = hashlib.md5(Path(name).read_bytes()).hexdigest()
    Path(".dvc/cache/files/md5", digest[:2], digest[2:]).unlink()


def test_no_verdict_where_nobody_knows_what_moved(here: Path) -> None:
    """As after a pull that failed: 1 training example is in the test split now."""
    table = pq.read_table(CACHED[0])
    splits = [SPLITS[0], "test", *SPLITS[2:]]
    out_of_cache(CACHED[0])
    rewrite_examples(table.set_column(2, "split", pa.array(splits)))
    found = compare("whole", None, why=True, metrics=["accuracy"])
    assert found["data"]["examples_not_found"] == ["whole"]
    assert found["model"]["metrics"]["accuracy"]["verdict"] == "cannot be judged"
    unknown = "so moves between splits are not known"
    for condition in ("worse", "accuracy:1"):
        reason = f"examples were not found, {unknown}"
        assert gate.judge(found, [condition])["reasons"] == [reason]
    page = comparison_page.terminal(found)
    headline = f"cannot be judged: the examples of whole were not found, {unknown}"
    assert page.splitlines()[0] == f"whole → workspace: {headline}"
    assert "intervals leave out" not in page  # there are none
    assert "one test example, or the same change" not in page


def test_a_gate_says_what_a_verdict_leaves_out(here: Path) -> None:
    out_of_cache(CACHED[2])
    predictions = Path("plots/predictions.csv")
    header, *rows = predictions.read_text().splitlines()
    predictions.write_text("\n".join([header, *rows[3:]]) + "\n")
    found = compare("whole", None, why=True, metrics=["accuracy"])
    assert found["model"]["not_scored"] == [[3, len(rows)], [0, len(rows) - 3]]
    assert found["model"]["chance_in_training"] is None
    found["gate"] = gate.judge(found, ["worse"])
    page = comparison_page.terminal(found).splitlines()
    left_out = "intervals leave out chance in training"
    not_scored = f"not scored: 3 of {len(rows)} test examples of whole"
    assert page[1:3] == [f"passes --fail-if worse; {left_out}", not_scored]
    assert {f"  {not_scored}", f"  {left_out}: embeddings or labels are missing"} <= set(page)


@pytest.mark.parametrize(
    ("encoder", "cause"),
    [
        (b"another", "its encoder is another"),
        (None, "the encoder or an embedding was not found"),
        (b"an encoder", ""),
    ],
)
def test_labels_that_why_cannot_learn_from_are_counted(
    here: Path, encoder: bytes | None, cause: str
) -> None:
    """4 training examples were taken out; 1 more lost its label alone."""
    gone = [number for number in range(N) if SPLITS[number] == "train"][:5]
    learned = Path("data/annotated/labels.csv")
    header, *lines = learned.read_text().splitlines()
    learned.write_text("\n".join([header, *lines[5:]]) + "\n")
    votes = Path(CACHED[1]).read_text().splitlines()
    kept = [number for number in range(N) if number not in gone[:4]]
    Path(CACHED[1]).unlink()
    Path(CACHED[1]).write_text("\n".join([votes[0], *(votes[n + 1] for n in kept)]) + "\n")
    features = np.load(CACHED[2])[kept]
    Path(CACHED[2]).unlink()
    np.save(CACHED[2], features)
    rewrite_examples(pq.read_table(CACHED[0]).take(kept))
    path = Path("models/encoder/encoder.onnx")
    path.unlink() if encoder is None else path.write_bytes(encoder)
    found = compare("whole", None, why=True, metrics=["accuracy"])
    page = comparison_page.terminal(found)
    assert found["data"]["labels"]["removed"] == 5
    assert found["model"]["why"]["removals"]["examples"] == (1 if cause else 5)
    if not cause:
        assert "why_left_out" not in found["model"]
        assert "  labels of whole " in page
        return
    assert found["model"]["why_left_out"]["labels"] == 4
    assert "  labels of whole, less 4 " in page
    note = "4 labels of whole are left out: workspace does not have these examples"
    assert f"  {note}, and {cause}" in page.splitlines()


@pytest.mark.parametrize("side", ["workspace", "older"])
def test_what_a_build_that_stopped_left_is_not_called_damaged(here: Path, side: str) -> None:
    """Such as predictions of before examples were taken out, which evaluate has not written anew."""
    predictions = Path("plots/predictions.csv")
    header, row, *rows = predictions.read_text().splitlines()
    predictions.write_text("\n".join([header, f"{'f' * 32}{row[32:]}", *rows]) + "\n")
    if side == "older":
        git("commit -qam older && git tag older && git checkout -q main~1")
    said = told(*(["older", "older"] if side == "older" else []))
    remedy = "name a commit after a whole `dvc repro`"
    if side == "workspace":  # as after `git checkout` without `dvc checkout`
        remedy = "type `dvc checkout` if git switched versions, else `dvc repro`"
    other = f"{side}:{predictions} is of other data: data/collected has no example '{'f' * 32}'"
    assert said == f"{other}: {remedy}"


@pytest.mark.parametrize("length", range(0, 300, 23))
def test_a_record_that_is_cut_anywhere(here: Path, length: int) -> None:
    """A cut that leaves another valid file is what DVC says that it is: a version that knows less."""
    path = Path("dvc.lock")
    path.write_bytes(path.read_bytes()[:length])
    git("commit -qam bad && git tag bad && git checkout -q main~1")
    try:
        found = compare("bad", None, why=False, metrics=["accuracy"])
    except InputError as error:
        said = str(error)
    else:
        said = f"bad cannot be read: {found['missing'] or found['absent']['bad'][0]}"
    assert said.startswith("bad cannot be read: ")


def test_arrays_of_another_shape_and_of_no_numbers(here: Path) -> None:
    for array in (np.zeros(N), np.zeros((3, 4)), np.full((N, 4), np.nan), np.full((N, 4), "x")):
        np.save(CACHED[2], array)
        assert told().startswith(f"workspace:{CACHED[2]} is damaged")


def test_answers_without_a_key_and_in_a_file_whose_name_is_not_utf8(here: Path) -> None:
    Path("data/annotations/a.csv").write_text("annotator,label\nanna,b\n")
    assert "workspace:data/annotations/a.csv has neither a column 'id' nor" in told()
    Path("data/annotations/a.csv").rename("data/annotations/\udcff.csv")
    git("add -A")
    git("commit -qm bad")
    assert told("HEAD", None).startswith("HEAD:data/annotations/\udcff.csv")


def test_answers_that_git_has_as_a_link_are_not_compared(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = here / "data/annotations/a.csv"
    answers.rename(here.parent / "a.csv")
    answers.symlink_to(here.parent / "a.csv")
    git("commit -qam linked")
    found = compare("HEAD", None, why=False, metrics=list(METRICS))
    assert found
    line = "HEAD:data/annotations/a.csv is a link, so git does not have its answers"
    assert capsys.readouterr().err.count(line) == 1


def test_a_pipe_is_not_opened(here: Path) -> None:
    os.mkfifo("data/annotations/b.csv")
    assert told().startswith("data/annotations/b.csv is a pipe, a socket or a device: ")


def test_a_repository_of_somebody_else(here: Path) -> None:
    if os.getuid():
        pytest.skip("only root may give files away")
    for path in [here, *here.rglob("*")]:
        os.chown(path, 12345, 12345, follow_symlinks=False)
    assert f"git config --global --add safe.directory '{here}'" in told()


def test_an_empty_revision_is_not_the_workspace(here: Path) -> None:
    """A shell makes one of a command that failed: `compare "$(git merge-base …)"`."""
    assert told("", None) == "A is empty: name a git revision"
    assert told("whole", "") == "B is empty: name a git revision"


@pytest.mark.parametrize("name", ["whole:params.yaml", "whole^{tree}"])
def test_what_is_no_commit(here: Path, name: str) -> None:
    wanted = f"{name} cannot be read: it is no commit: name a branch, a tag or a commit"
    assert told(name) == wanted


def test_a_clone_without_the_whole_history(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("commit -qm second --allow-empty")
    git(f"clone -q --depth 1 file://{here} shallow")
    unknown = "HEAD~1 cannot be read: unknown Git revision 'HEAD~1'"
    monkeypatch.chdir("shallow")
    other = "bela:refs/remotes/origin/bela"
    assert told("origin/bela").endswith(f"if it is a branch there, type `git fetch origin {other}`")
    assert told("HEAD~1").endswith("type `git fetch --unshallow --tags`")
    git("fetch -q --unshallow --tags")
    git("remote remove origin")
    compare("HEAD~1", None, why=False, metrics=["accuracy"])
    assert told("HEAD~2") == unknown.replace("~1", "~2")


def test_parameters_are_those_of_the_second_version(here: Path) -> None:
    """Whatever the workspace has, also what git could not merge."""
    set_parameters(here, evaluate__confidence=0.8)
    git("commit -qam other && git tag other")
    Path("params.yaml").write_bytes(CONFLICT)
    for name, confidence in {"other": 0.8, "whole": 0.95}.items():
        found = compare("whole", name, why=False, metrics=["accuracy"])
        assert found["model"]["confidence"] == confidence


def test_row_numbers_are_no_keys(here: Path) -> None:
    """Where rows were replaced, a number means another example."""
    table = pq.read_table(CACHED[0]).replace_schema_metadata({"keys": "row numbers"})
    Path(CACHED[0]).unlink()
    pq.write_table(table, CACHED[0])
    version = Version(None)
    assert version.examples is not None
    assert version.examples["key"].isna().all()
    whole = Version("whole").examples
    assert whole is not None
    assert whole["key"].notna().all()


@pytest.mark.parametrize("side", ["test", "validation"])
def test_programs_are_told_no_verdict_where_the_test_split_changed(here: Path, side: str) -> None:
    splits = [SPLITS[0], side, *SPLITS[2:]]
    table = pq.read_table(CACHED[0])
    moved = table.set_column(2, "split", pa.array(splits))
    Path(CACHED[0]).unlink()
    pq.write_table(moved, CACHED[0])
    found = compare("whole", None, why=True, metrics=["accuracy"])
    assert found["data"]["examples"]["moved"] == {f"train to {side}": 1}
    word = {"test": "cannot be judged", "validation": "same predictions"}[side]
    assert found["model"]["metrics"]["accuracy"]["verdict"] == word


def test_what_is_read_of_a_version_is_closed() -> None:
    in_git, in_cache = io.BytesIO(b"{}"), io.BytesIO()
    in_cache.name = "md5/01/23"
    version = object.__new__(Version)  # any repository will do
    version.name = "a"
    version._files = SimpleNamespace(open=lambda name, _: in_git if name == "git" else in_cache)
    assert version.read(Path("git")) == b"{}"
    assert version.local(Path("cache")) == "md5/01/23"
    assert in_git.closed
    assert in_cache.closed
