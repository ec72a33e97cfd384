"""docs/sharing.md, typed as it stands there, against servers that are started here and ended."""

import getpass
import hashlib
import importlib.metadata
import os
import re
import shutil
from pathlib import Path

import pytest

from assay.contract import files, paths
from benchmarks import servers
from tests.support.pipeline import Project
from tests.support.raw_files import image
from tests.support.sites import Site, commands

pytestmark = pytest.mark.slow

REMOTES = ("A folder", "S3", "SSH", "WebDAV")
UP_TO_DATE = "Data and pipelines are up to date.\n"


@pytest.fixture(params=REMOTES)
def remote(request, site: Site) -> str:
    """A kind of remote, whose server runs."""
    folder = site.folder / "server"
    folder.mkdir()
    credentials = {"SECRET": servers.PASSWORD, "anna": servers.USER}
    match request.param:
        case "S3":
            server = servers.s3(folder)
            site.names |= credentials | {"https://s3.example.com": server.url}
        case "SSH":
            server = servers.ssh(folder)
            store = site.names.pop("/srv")
            site.names |= {
                "ssh://data.example.com/srv": f"{server.url}{store}",
                "anna": getpass.getuser(),
            }
            site.names |= {"~/.ssh/id_ed25519": str(folder / "key")}
        case "WebDAV":
            server = servers.webdav(folder)
            site.names |= credentials | {"webdavs://dav.example.com": server.url}
        case _:
            yield request.param
            return
    with server:
        yield request.param


def test_a_round_trip(site, remote):
    """Push from one clone, pull in another, which then has nothing to run; no credential reaches
    git.
    """
    anna, recipe = site.owner("anna"), commands(remote)
    for package in re.findall(r"^pip install (.+)$", "\n".join(recipe), re.MULTILINE):
        name, _, version = package.partition("==")
        assert importlib.metadata.version(name) == version
    typed = [line for line in recipe if not line.startswith("pip ")]
    push, pull = commands("Push and pull")[:3], commands("Push and pull")[3:5]
    site.type(anna, [*typed, *push])

    bela = site.clone("bela")
    assert site.type(bela, [line for line in typed if "--local" in line] + pull).endswith(
        UP_TO_DATE
    )
    assert bela.run("git status --porcelain").stdout == ""
    for path in (paths.RELEASE_MODEL, paths.examples("digits-1")):
        assert (bela.folder / path).read_bytes() == (site.built.folder / path).read_bytes()

    history = bela.run("git log --all --patch").stdout + bela.run("git grep -I ''").stdout
    key = site.folder / "server/key"
    secrets = {servers.PASSWORD} | ({key.read_text().splitlines()[1]} if key.exists() else set())
    assert len(history) > 1e6  # nothing was left out
    assert not [secret for secret in secrets if secret in history]
    assert not re.search(
        r"^\+?.*\b(?:secret_access_key|access_key_id|password) *= *\S", history, re.MULTILINE
    )
    assert anna.run("git check-ignore .dvc/config.local").stdout


@pytest.fixture
def folder_remote(site: Site) -> Project:
    """A clone that shares through a folder, whose first version is tagged and pushed."""
    anna = site.owner("anna")
    site.type(anna, [*commands("A folder"), "git commit -qam 'Share'", "git tag v1", "dvc push"])
    anna.run("dvc checkout")
    return anna


def another_version(project: Project, message: str) -> bytes:
    """Commit and push other labels and another model, made by hand; the labels."""
    labels, model = project.folder / paths.labels("digits-3"), project.folder / paths.RELEASE_MODEL
    for path in (labels, model):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content + message.encode())
    project.run("dvc commit --force collect@digits-3 deploy")
    project.run(f"git commit -qam '{message}' && dvc push && git push -q origin HEAD --tags")
    return labels.read_bytes()


def objects(cache: Path) -> set[str]:
    return {path.parent.name + path.name for path in (cache / "files/md5").glob("*/*")}


def test_tags_that_are_older_than_the_remote(site):
    """Tagged first, shared later, as in the README's order: the page's commands push those versions
    too.
    """
    anna = site.owner("anna")
    anna.run("dvc checkout && git tag two-batches")
    labels = anna.folder / paths.labels("digits-3")
    first = labels.read_bytes()
    labels.unlink()
    labels.write_bytes(first + b"more")
    anna.run("dvc commit --force collect@digits-3 && git commit -qam 'More labels'")
    site.type(
        anna, [*commands("A folder"), "git commit -qam 'Share'", "dvc push", "dvc push --all-tags"]
    )
    old = hashlib.md5(first).hexdigest()
    assert old not in objects(
        site.folder / "srv/assay"
    )  # DVC found no remote in the tag, and said nothing
    lines = commands("Tags that are older than the remote")
    site.type(anna, lines)
    assert old in objects(site.folder / "srv/assay")
    bela = site.clone("bela")
    site.type(bela, [*lines[:2], "git checkout -q two-batches", "dvc pull"])
    assert (bela.folder / paths.labels("digits-3")).read_bytes() == first


def test_batches_from_elsewhere(site):
    """A folder from a disk and a file from a web server: tracked, seen by DVC, and asked for news."""
    anna, incoming = site.owner("anna"), site.folder / "srv/incoming"
    for batch in ("own", "other"):
        (incoming / batch).mkdir(parents=True)
        (incoming / batch / "examples.csv").write_text("label,x\na,1\n")
    with servers.web(incoming) as server:
        site.names["https://example.com"] = server.url
        site.type(anna, commands("A batch from elsewhere"))
        for batch, track in (("own", "own.dvc"), ("other", "other/examples.csv.dvc")):
            path = Path(batch, "examples.csv")
            assert (anna.folder / paths.RAW / path).read_text() == "label,x\na,1\n"
            assert (
                f"{paths.RAW}/{track}"
                in anna.run("git status --porcelain --untracked-files=all").stdout
            )
            (incoming / path).write_text("label,x\na,1\nb,2\n")
            anna.run(f"dvc update {paths.RAW}/{track}")
            assert (anna.folder / paths.RAW / path).read_text() == "label,x\na,1\nb,2\n"
            assert anna.run(f"dvc status {paths.RAW}/{track}").stdout == UP_TO_DATE


def test_versions_are_fetched_and_cleared(site, folder_remote):
    """`get` and `import` by version in another repository; `gc` keeps what is tagged."""
    anna = folder_remote
    first = (anna.folder / paths.labels("digits-3")).read_bytes()
    model = (anna.folder / paths.RELEASE_MODEL).read_bytes()
    untagged = another_version(anna, "forgotten")
    second = another_version(anna, "second")
    anna.run("git tag v2 && git push -q origin --tags")

    other = Project(site.folder / "other", **anna.environ)
    other.folder.mkdir()
    other.run("git init -q && dvc init -q")
    lines = commands("A version, from another repository")
    release, fetches, update = lines[:3], lines[3:-1], lines[-1]
    site.type(anna, release)
    site.type(other, fetches)
    labels = Path("digits-3/labels.csv")
    assert (
        (other.folder / "release/model.onnx").read_bytes()
        == (other.folder / "imported/model.onnx").read_bytes()
        == model
    )
    (other.folder / "one.png").write_bytes(image(1))
    predicted = other.run(f"PYTHONPATH={anna.folder} python -m assay predict one.png").stdout
    assert predicted.split("\t")[1] in set("0123456789")  # by the fetched folder alone
    assert (other.folder / "labels.csv").read_bytes() == (
        anna.folder / paths.ANNOTATED_LABELS
    ).read_bytes()
    assert (other.folder / "dataset" / labels).read_bytes() == first
    assert (other.folder / "collected" / labels).read_bytes() == first
    site.type(other, [update])
    assert (other.folder / "dataset" / labels).read_bytes() == second

    store = site.folder / "srv/assay"
    before = objects(store)
    fetch, dry, clear = commands("Clearing up")
    site.type(anna, [fetch, dry])
    assert objects(store) == before
    site.type(anna, [clear])
    gone = {hashlib.md5(untagged).hexdigest()}
    assert gone < before - objects(store)
    bela = site.clone("bela")
    for version, content in (("v1", first), ("v2", second)):
        bela.run(f"git checkout -q {version} && dvc pull")
        assert (bela.folder / paths.labels("digits-3")).read_bytes() == content


def test_one_batch_and_a_shared_cache(site, folder_remote):
    folder_remote.run("git push -q origin HEAD")
    one = site.clone("one")
    site.type(one, commands("One batch alone"))
    stages = one.yaml("dvc.lock")["stages"]
    wanted = {
        out["md5"]
        for name in ("collect@digits-3", "embed@digits-3")
        for out in stages[name]["outs"]
    }
    assert objects(one.folder / ".dvc/cache") == wanted

    first, second = site.clone("first"), site.clone("second")
    for project in (first, second):
        site.type(project, commands("One cache for a team on one machine"))
    first.run("dvc pull")
    shutil.rmtree(site.folder / "srv/assay")
    second.run("dvc checkout")
    path = paths.examples("digits-3")
    assert (first.folder / path).samefile(second.folder / path)
    assert second.run("dvc repro").stdout.endswith(UP_TO_DATE)
    second.run("dvc repro --force --single-item deploy")
    assert second.run("git status --porcelain").stdout == ""


def test_a_damaged_remote_passes_for_whole_in_nothing(site, folder_remote):
    """One object corrupt, one cut short, one missing: named, none of them taken; mended as the page
    says.
    """
    folder_remote.run("git push -q origin HEAD")
    store = site.folder / "srv/assay/files/md5"
    damaged = (paths.RELEASE_MODEL, paths.labels("digits-3"), paths.examples("digits-1"))
    content = {path: (folder_remote.folder / path).read_bytes() for path in damaged}
    names = [files.md5(folder_remote.folder / path) for path in damaged]
    corrupt, short, missing = (store / name[:2] / name[2:] for name in names)
    for path in (corrupt, short):
        path.chmod(0o644)
    corrupt.write_bytes(corrupt.read_bytes()[::-1])
    os.truncate(short, 10)
    missing.unlink()
    for path in (
        corrupt,
        short,
    ):  # as a disk does it: DVC looks itself into what is no longer read-only
        path.chmod(0o444)

    bela = site.clone("bela")
    for _ in range(2):  # the second try has what the first one brought
        refused = bela.run("dvc pull", check=False)
        assert refused.returncode
        assert names[2] in refused.stderr
        assert not any((bela.folder / path).exists() for path in damaged)
    check, mend = commands("When a remote breaks")[:2], commands("When a remote breaks")[2:]
    said = site.type(folder_remote, ["set +e", *check, "true"])
    assert sorted(line for line in said.splitlines() if "FAILED" in line) == sorted(
        f"{path.relative_to(store)}: FAILED" for path in (corrupt, short)
    )
    corrupt.unlink()
    short.unlink()
    site.type(folder_remote, mend)
    assert bela.run("dvc pull && dvc repro").stdout.endswith(UP_TO_DATE)
    assert {path: (bela.folder / path).read_bytes() for path in damaged} == content
