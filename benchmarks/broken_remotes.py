"""Remotes that die in the middle, hold damaged objects, caches that cannot be written, two `dvc repro` at once.

For each: what DVC says, whether anything passes for whole that is not, and whether the next try succeeds.
python -m benchmarks.broken_remotes [SEED]
"""

import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from assay import dataset
from benchmarks import servers
from benchmarks.workspace import clone, environment, machine, row

TRIES = 10
FILES, BYTES = 60, 500_000
NOBODY = 65534  # root may write what is read-only
PATIENCE = 600  # seconds until a command counts as hung
DVC = [sys.executable, "-m", "dvc"]
IDENTITY = ["-c", "user.name=a", "-c", "user.email=a@example.com"]


@dataclass
class Done:
    failed: bool
    said: str


def start(folder: Path, *arguments: str, user: int | None = None) -> subprocess.Popen:
    home = {} if user is None else {"HOME": str(folder), "DVC_SITE_CACHE_DIR": str(folder / ".dvc/tmp/site")}
    return subprocess.Popen(
        [*DVC, *arguments], cwd=folder, env=environment() | home, user=user, group=user, encoding="utf-8",
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def end(process: subprocess.Popen) -> Done:
    _, stderr = process.communicate(timeout=PATIENCE)
    errors = [line for line in stderr.splitlines() if line.startswith("ERROR")]
    plain = re.sub(r"'[^']*'|/\S+|\b[0-9a-f]{30,}\b|\d+", "…", errors[-1] if errors else "")
    return Done(process.returncode != 0, plain.removeprefix("ERROR: ")[:120])


def dvc(folder: Path, *arguments: str, user: int | None = None) -> Done:
    return end(start(folder, *arguments, user=user))


def must(folder: Path, *arguments: str) -> None:
    done = dvc(folder, *arguments)
    if done.failed:
        sys.exit(f"dvc {' '.join(arguments)}: {done.said}")


def git(folder: Path, *arguments: str | Path) -> None:
    subprocess.run(["git", *IDENTITY, *arguments], cwd=folder, check=True, capture_output=True)


def project(folder: Path, rng: random.Random) -> Path:
    """A repository with `data/`, random files under DVC."""
    (folder / "data").mkdir(parents=True)
    for number in range(FILES):
        (folder / "data" / str(number)).write_bytes(rng.randbytes(BYTES))
    git(folder, "init", "-q")
    for arguments in (["init", "--quiet"], ["add", "--quiet", "data"], ["config", "core.analytics", "false"]):
        must(folder, *arguments)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "data")
    return folder


@dataclass
class Remote:
    """Where repositories share: `name` for the table, and what `dvc remote` is told."""

    name: str
    url: str
    options: dict[str, str]

    def use(self, folder: Path, place: str, **options: str) -> None:
        must(folder, "remote", "add", "--quiet", "--force", "--default", "team", f"{self.url}/{place}")
        for key, value in (self.options | options).items():
            must(folder, "remote", "modify", "--quiet", "team", key, value)


def another(folder: Path, source: Path) -> Path:
    """A clone of `source` with its remotes, and with nothing in its cache."""
    shutil.rmtree(folder, ignore_errors=True)
    git(source, "clone", "-q", ".", folder)
    shutil.copy(source / ".dvc/config", folder / ".dvc/config")
    return folder


def passes_for_whole(folder: Path, source: Path) -> list[str]:
    """Files of the workspace, and objects of the cache, that are there and are not what their name says."""
    there = [path for path in (folder / "data").glob("*") if path.is_file()]
    wrong = [path.name for path in there if path.read_bytes() != (source / "data" / path.name).read_bytes()]
    objects = [path for path in (folder / ".dvc/cache/files/md5").glob("*/*") if "tmp" not in path.name]
    names = {path: f"{path.parent.name}{path.name}".removesuffix(".dir") for path in objects}
    return wrong + [name for path, name in names.items() if dataset.fingerprint(path) != name]


def whole(folder: Path, source: Path) -> bool:
    files = list((source / "data").iterdir())
    return all((folder / "data" / path.name).read_bytes() == path.read_bytes() for path in files)


def killed(server: servers.Server, folder: Path, verb: str, longest: float, rng: random.Random) -> Done:
    """Push or pull while the server is killed at a random moment, after which it is there again."""
    process = start(folder, verb)
    time.sleep(rng.uniform(0.3, 1) * longest)
    server.stop()
    done = end(process)
    server.start()
    return done


def timed_try(folder: Path, verb: str) -> float:
    begin = time.perf_counter()
    must(folder, verb, "--quiet")
    return time.perf_counter() - begin


def dies(remote: Remote, server: servers.Server, source: Path, rng: random.Random) -> None:
    """The server dies in the middle of pushes, each to a place of its own, and of pulls."""
    beside = source.parent / "beside"
    remote.use(source, "whole")
    push = timed_try(source, "push")
    pull = timed_try(another(beside, source), "pull")
    for verb, undisturbed in (("push", push), ("pull", pull)):
        said, wrong, again, tries, missed = Counter(), 0, 0, 0, 0
        while tries < TRIES:
            if verb == "push":
                remote.use(source, f"push-{tries}-{missed}")
            folder = source if verb == "push" else another(beside, source)
            done = killed(server, folder, verb, undisturbed * 0.9**missed, rng)
            if not done.failed:
                missed += 1
                continue
            tries += 1
            said[done.said] += 1
            if verb == "pull":
                wrong += len(passes_for_whole(folder, source))
            must(folder, verb, "--quiet")
            reader = another(beside, source) if verb == "push" else folder
            must(reader, "pull", "--quiet")
            again += whole(reader, source) and not passes_for_whole(reader, source)
        row(f"{remote.name} dies during `dvc {verb}`", f"{tries} of {tries}", wrong, f"{again} of {tries}", heard(said))
        remote.use(source, "whole")


def heard(said: Counter) -> str:
    return "; ".join(f"{text} ({count})" for text, count in said.most_common())


def damage(how: str, path: Path) -> None:
    path.chmod(0o644)
    match how:
        case "corrupt":
            path.write_bytes(path.read_bytes()[::-1])
        case "truncated":
            os.truncate(path, BYTES // 2)
    path.chmod(0o444)  # DVC itself looks into what is no longer read-only
    if how == "missing":
        path.unlink()


def damaged(remote: Remote, store: Path, source: Path, rng: random.Random) -> None:
    """Each kind of damage to one object, pulled without and with `verify`; mended as docs/sharing.md says."""
    remote.use(source, "damaged")
    must(source, "push", "--quiet")
    for verify in ("false", "true"):
        for how in ("corrupt", "truncated", "missing"):
            path = rng.choice([path for path in store.glob("damaged/files/md5/*/*") if path.suffix != ".dir"])
            damage(how, path)
            remote.use(source, "damaged", verify=verify)
            folder = another(source.parent / "beside", source)
            done = dvc(folder, "pull")
            wrong = len(passes_for_whole(folder, source))
            for each in (path, *store.glob("damaged/files/md5/*/*.dir")):
                each.unlink(missing_ok=True)
            must(source, "push", "--quiet")
            folder = another(folder, source) if wrong else folder
            must(folder, "pull", "--quiet")
            told = "yes" if done.failed else "no"
            row(
                f"{remote.name}, `verify {verify}`: an object {how}",
                told,
                wrong,
                "yes" if whole(folder, source) else "NO",
                done.said,
            )


def read_only(source: Path, folder: Path) -> None:
    """Pull into a cache that may not be written, as a user who is not root."""
    cache = another(folder / "reader", source) / ".dvc/cache"
    reader = cache.parents[1]
    cache.mkdir()
    for path in (reader, *reader.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    cache.chmod(0o555)
    done = dvc(reader, "pull", user=NOBODY)
    wrong = len(passes_for_whole(reader, source))
    cache.chmod(0o755)
    again = dvc(reader, "pull", "--quiet", user=NOBODY)
    ok = not again.failed and whole(reader, source)
    row("read-only cache, `dvc pull`", "yes" if done.failed else "no", wrong, "yes" if ok else "NO", done.said)


def at_once() -> None:
    """Two `dvc repro` of Assay's first stages in one clone, the second while the first runs."""
    with clone() as folder:
        first = start(folder, "repro", "collect")
        time.sleep(2)
        second = start(folder, "repro", "collect")
        one, two = end(first), end(second)
        lock = (folder / "dvc.lock").read_text()
        again = dvc(folder, "repro", "collect")
        same = lock == (folder / "dvc.lock").read_text()
        status = subprocess.run(
            [*DVC, "status", "collect"], check=True, cwd=folder, env=environment(), capture_output=True, text=True
        )
        ok = not again.failed and same and "up to date" in status.stdout
        told = "yes" if one.failed or two.failed else "no"
        row("two `dvc repro` at once", told, 0 if ok else "?", "yes" if ok else "NO", two.said or one.said)


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    rng = random.Random(seed)
    print(f"# {machine()}; seed {seed}\n")
    row("what happened", "an error", "files that pass for whole and are not", "the next try succeeds", "what DVC says")
    row(*["---"] * 5)
    s3 = {"access_key_id": servers.USER, "secret_access_key": servers.PASSWORD}
    webdav = {"user": servers.USER, "password": servers.PASSWORD}
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        source = project(folder / "source", rng)
        (folder / "s3").mkdir()
        with servers.s3(folder / "s3") as server:
            dies(Remote("S3", "s3://assay", s3 | {"endpointurl": server.url}), server, source, rng)
        store = folder / "webdav/data/assay"
        store.parents[1].mkdir()
        with servers.webdav(folder / "webdav") as server:
            for place in ("whole", "damaged", *(f"push-{n}-{m}" for n in range(TRIES) for m in range(TRIES))):
                (store / place).mkdir()  # DVC makes no folder above its own
            remote = Remote("WebDAV", f"{server.url}/assay", webdav)
            dies(remote, server, source, rng)
            damaged(remote, store, source, rng)
        damaged(Remote("folder", str(folder / "store"), {}), folder / "store", source, rng)
        if os.geteuid() == 0:
            read_only(source, folder)
    at_once()


if __name__ == "__main__":
    main()
