"""A fresh clone gives the committed bytes, wherever and however it is run, and not much slower than
an import.
"""

import hashlib
import re
import shutil

import pytest

from benchmarks.workspace import ROOT
from tests.support.pipeline import PERSON, Project, clone

pytestmark = pytest.mark.slow

UNUSUAL = {
    "LC_ALL": "C",
    "TZ": "Asia/Kathmandu",
    "PYTHONHASHSEED": "7",
    "OPENBLAS_NUM_THREADS": "2",
}
TYPED = r"```console\n((?:\$ .*\n)+)```"
RECOVERY = ROOT / "docs" / "recovery.md"
SLOWEST = (
    20  # imports of TensorFlow; benchmarks/default_run.py measures what it is, this only guards it
)


def test_fresh_clone_is_clean_after_repro(first_run):
    assert first_run.stages
    assert first_run.imports_of_tensorflow < SLOWEST
    assert first_run.project.run("git status --porcelain --untracked-files=no").stdout == ""
    assert first_run.project.repro() == set()


def test_the_released_model_predicts_a_file(first_run):
    project = first_run.project
    script = (
        "import io, pyarrow.parquet as pq; from PIL import Image;"
        "row = pq.read_table('data/raw/digits-1/examples.parquet').to_pylist()[0];"
        "Image.open(io.BytesIO(row['image'])).save('one.png')"
    )
    project.run(f'python -c "{script}"')
    name, label, probability, unlike = project.run("python -m assay predict one.png").stdout.split()
    assert name == "one.png"
    assert label in "0123456789"
    assert 0.1 <= float(probability) <= 1
    assert 0 <= float(unlike) <= 1
    assert "median ms" in project.run("python -m benchmarks.prediction").stdout
    (project.folder / "one.png").unlink()


GONE = "rm -rf .dvc/cache data/[ces]* data/annotated models/[ce]* release plots/predictions.csv"
BROKEN = {  # how, before what docs/recovery.md says of it is typed
    "A run was killed, or the disk was full": "rm -rf release plots/predictions.csv",
    "DVC cannot read its own files": "truncate -s 8192 dvc.lock; truncate -s 0 .dvc/tmp/rwlock",
    "An output was edited, cut short or deleted": "rm data/cleaned/labels.csv; echo 1 > models/classifier/classes.json",
    "The cache was lost, or is damaged": "chmod -R u+w .dvc/cache; find .dvc/cache -type f | xargs truncate -s 1",
    "Links lead nowhere, since the clone or the cache was moved": (
        "dvc config --local cache.type symlink; dvc cache dir --local $PWD/.dvc/moved;"
        "mv .dvc/cache .dvc/moved; dvc checkout --relink;"
        "mv .dvc/moved .dvc/cache; dvc config --local --unset cache.dir"
    ),
    "Outputs and cache are both gone": (
        f"dvc config --local --unset cache.type; dvc checkout --relink; {GONE} .dvc/tmp"
    ),
    "An old version is wanted, and no cache or remote holds it": (
        "sed -i 's/resamples: 1000/resamples: 100/' params.yaml; dvc repro; git commit -qam newer;"
        "dvc gc --workspace --force"
    ),
    "params.yaml is a mess": "echo '{' > params.yaml",
}


ANEW = "Outputs and cache are both gone"  # every stage runs, as in a fresh clone
OLD = "An old version is wanted, and no cache or remote holds it"


def test_same_bytes_whatever_was_broken_and_in_an_unusual_place(tmp_path, first_run):
    project = Project(tmp_path / "assay", HOME=str(tmp_path), **PERSON)
    shutil.copytree(first_run.project.folder, project.folder, symlinks=True)
    one_core = "taskset -c 0 " if shutil.which("taskset") else ""
    sections = re.findall(rf"^## (.*)\n(?:.*\n)*?{TYPED}", RECOVERY.read_text(), re.MULTILINE)
    assert [heading for heading, _ in sections] == list(BROKEN)
    before = outputs(project)
    for heading, commands in sections:
        project.run(BROKEN[heading])
        there, back = commands, ""
        if heading == ANEW:
            place = project.folder.rename(tmp_path / "Grüße aus 北京, mit Leerzeichen")
            project = Project(place, **project.environ | UNUSUAL)
        if heading == OLD:
            there, back = re.split("^(?=.*checkout -$)", commands, flags=re.MULTILINE)
            newer = outputs(project)
        said = type_in(project, there, f"umask 077; {one_core}" if heading == ANEW else "")
        if heading == OLD:
            assert outputs(project) == before != newer
            before = newer
            type_in(project, back)
        if heading == ANEW:
            assert set(re.findall("^Running stage '(.*)'", said, re.MULTILINE)) == first_run.stages
        assert project.run("git status --porcelain").stdout == "", heading
        assert project.repro() == set(), heading
        assert outputs(project) == before, heading
        assert project.run("dvc status").stdout == "Data and pipelines are up to date.\n", heading


@pytest.mark.parametrize("link_type", ["copy", "symlink", "hardlink"])
def test_no_raw_data_is_lost_with_a_damaged_cache(tmp_path, link_type):
    section = RECOVERY.read_text().partition("## The cache was lost, or is damaged\n")[2]
    fill_anew, fetch_damaged = re.findall(TYPED, section)[:2]
    project = small_project(tmp_path / "own", link_type)
    project.run("cp -r .dvc/cache ../of-a-colleague; chmod -R u+w .dvc/cache")
    raw = {name: f"{name}\n" for name in "123"}
    damaged = hashlib.md5(b"3\n", usedforsecurity=False).hexdigest()
    project.run(f"truncate -s 0 .dvc/cache/files/md5/{damaged[:2]}/{damaged[2:]}")
    type_in(project, fill_anew)
    damaged_too = {} if link_type == "copy" else {"3": ""}  # a link is the object itself
    assert raw_files(project) == raw | damaged_too
    changed = project.run("git status --porcelain").stdout
    assert (changed == "") == (link_type == "copy")
    project.run(f"dvc remote add -q --local --default anna '{tmp_path}/of-a-colleague'")
    type_in(project, fetch_damaged)
    assert raw_files(project) == raw
    assert project.run("git status --porcelain").stdout == ""
    assert project.run("dvc status").stdout == "Data and pipelines are up to date.\n"


def test_links_into_a_lost_cache_stop_the_recipe_and_are_fetched(tmp_path):
    section = RECOVERY.read_text().partition("## The cache was lost, or is damaged\n")[2]
    fill_anew, fetch_damaged = re.findall(TYPED, section)[:2]
    project = small_project(tmp_path / "own", "symlink")
    project.run("mv .dvc/cache ../of-a-colleague")
    unprotect = fill_anew.splitlines()[0].removeprefix("$ ")
    assert project.run(unprotect, check=False).returncode
    project.run(f"dvc remote add -q --local --default anna '{tmp_path}/of-a-colleague'")
    type_in(project, fetch_damaged)
    assert raw_files(project) == {name: f"{name}\n" for name in "123"}
    assert project.run("git status --porcelain").stdout == ""


def small_project(folder, link_type):
    """A project of three raw files and one stage, whose files are links of this type."""
    folder.mkdir()
    project = Project(folder, HOME=str(folder.parent), **PERSON)
    project.run("git init -q; dvc init -q; mkdir -p data/raw/own models/pretrained release plots")
    project.run(
        "touch models/pretrained/README.md; for i in 1 2 3; do echo $i >data/raw/own/$i; done"
    )
    command = "mkdir data/collected && cp data/raw/own/1 data/collected"
    project.run(
        f"dvc stage add -q -n collect -d data/raw/own -o data/collected '{command}';"
        "dvc add -q data/raw/own; dvc repro -q; git add -A; git commit -qm 'one batch';"
        f"dvc config --local cache.type {link_type}; dvc checkout -q --relink"
    )
    return project


def raw_files(project):
    return {path.name: path.read_text() for path in (project.folder / "data/raw/own").iterdir()}


def outputs(project):
    return project.run("find -L data models release plots -type f | sort | xargs md5sum").stdout


def type_in(project, commands, how=""):
    """What the commands of a page print, each of which is run in a shell of its own."""
    lines = [command.removeprefix("$ ") for command in commands.splitlines()]
    return "".join([project.run(f"{how}{line}").stdout for line in lines])


def test_git_for_windows_changes_no_byte(tmp_path):
    project = clone(tmp_path / "here")
    written = {
        "data/raw/mine/examples.csv": b"text,label\na,b\r\n",
        "data/annotations/anna.csv": b"key,label\r\n1,cat\r\n",
        "data/annotations/bela.csv": b"key,label\n1,cat\n",
    }
    for name, content in written.items():
        (project.folder / name).parent.mkdir(exist_ok=True)
        (project.folder / name).write_bytes(content)
    crlf = "-c core.autocrlf=true -c core.eol=crlf"
    project.run(f"git {crlf} add --all && git {crlf} -c user.name=a -c user.email=a commit -qm own")
    project.run(f"git {crlf} clone -q . ../there")
    names = project.run("git ls-files -z").stdout.split("\0")[:-1]
    there = [(tmp_path / "there" / name).read_bytes() for name in names]
    assert written.keys() <= set(names)
    assert there == [(project.folder / name).read_bytes() for name in names]
