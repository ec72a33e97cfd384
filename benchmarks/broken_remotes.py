"""Remotes that die during a transfer or hold damaged objects, caches that cannot be written, and
two `dvc repro` at once.

python -m benchmarks.broken_remotes [SEED]

For each case: what DVC says, whether damaged data counts as whole, and whether the next try
succeeds. There are two WebDAV servers. WsgiDAV writes an object under its final name. Apache, if
installed, renames the object after writing.
"""

import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from webdav4.client import Client

from assay.contract import files
from benchmarks import servers
from benchmarks.workspace import clone, environment, machine, row

TRIES = 10
FILES, BYTES = 60, 500_000
WRITABLE = 0o222  # DVC itself looks into what is no longer, or not yet, read-only
PATIENCE = 600  # seconds until a command counts as hung
DVC = [sys.executable, "-m", "dvc"]
OVERRIDE = "-dac_override,-dac_read_search"  # with which root may write what is read-only
HELD_BACK = (
    [] if os.geteuid() else ["setpriv", f"--bounding-set={OVERRIDE}", f"--inh-caps={OVERRIDE}"]
)
IDENTITY = ["-c", "user.name=a", "-c", "user.email=a@example.com"]


@dataclass
class Done:
    failed: bool
    said: str


def start(folder: Path, *arguments: str, under: Sequence[str] = ()) -> subprocess.Popen:
    return subprocess.Popen(
        [*under, *DVC, *arguments], cwd=folder, env=environment(), encoding="utf-8",
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def end(process: subprocess.Popen) -> Done:
    _, stderr = process.communicate(timeout=PATIENCE)
    errors = [line for line in stderr.splitlines() if line.startswith("ERROR")]
    plain = re.sub(r"'[^']*'|/\S+|\b[0-9a-f]{30,}\b|\d+", "…", errors[-1] if errors else "")
    return Done(process.returncode != 0, plain.removeprefix("ERROR: ")[:120])


def dvc(folder: Path, *arguments: str, under: Sequence[str] = ()) -> Done:
    return end(start(folder, *arguments, under=under))


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
    for arguments in (
        ["init", "--quiet"],
        ["add", "--quiet", "data"],
        ["config", "core.analytics", "false"],
    ):
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
        must(
            folder,
            "remote",
            "add",
            "--quiet",
            "--force",
            "--default",
            "team",
            f"{self.url}/{place}",
        )
        for key, value in (self.options | options).items():
            must(folder, "remote", "modify", "--quiet", "team", key, value)


def another(folder: Path, source: Path) -> Path:
    """A clone of `source` with its remotes, and with nothing in its cache."""
    shutil.rmtree(folder, ignore_errors=True)
    git(source, "clone", "-q", ".", folder)
    shutil.copy(source / ".dvc/config", folder / ".dvc/config")
    return folder


def passes_for_whole(folder: Path, source: Path) -> list[str]:
    """Files of the workspace, and objects of the cache that DVC believes, that are not what their
    name says.
    """
    there = [path for path in (folder / "data").glob("*") if path.is_file()]
    wrong = [
        path.name
        for path in there
        if path.read_bytes() != (source / "data" / path.name).read_bytes()
    ]
    objects = [
        path
        for path in (folder / ".dvc/cache/files/md5").glob("*/*")
        if not path.stat().st_mode & WRITABLE
    ]
    names = {path: f"{path.parent.name}{path.name}".removesuffix(".dir") for path in objects}
    return wrong + [name for path, name in names.items() if files.md5(path) != name]


def whole(folder: Path, source: Path) -> bool:
    files = list((source / "data").iterdir())
    return all((folder / "data" / path.name).read_bytes() == path.read_bytes() for path in files)


def come(store: Path, some: int, process: subprocess.Popen) -> None:
    """Wait until so many objects, or the first bytes of them, are in a store."""
    while process.poll() is None and len(list(store.glob("files/md5/*/*"))) < some:
        time.sleep(0.001)


def timed_try(folder: Path, verb: str) -> float:
    begin = time.perf_counter()
    must(folder, verb, "--quiet")
    return time.perf_counter() - begin


def dies(
    remote: Remote,
    server: servers.Server,
    source: Path,
    rng: random.Random,
    store: Path | None = None,
) -> None:
    """The server dies in the middle of pushes, each to a place of its own, and of pulls, and is
    there again.

    Where `store` has the objects as files it dies when a random number of them has come, else at a
    random moment; and what the next try leaves broken is mended as docs/sharing.md says.
    """
    beside = source.parent / "beside"
    remote.use(source, "whole")
    push = timed_try(source, "push")
    pull = timed_try(another(beside, source), "pull")
    for verb, undisturbed in (("push", push), ("pull", pull)):
        said, wrong, again, mended, tries, missed = Counter(), set(), 0, 0, 0, 0
        while tries < TRIES:
            place = f"push-{tries}-{missed}" if verb == "push" else "whole"
            remote.use(source, place)
            folder = source if verb == "push" else another(beside, source)
            process = start(folder, verb)
            if store:
                come(
                    store / place if verb == "push" else folder / ".dvc/cache",
                    rng.randint(1, FILES),
                    process,
                )
            else:
                time.sleep(rng.uniform(0.3, 1) * undisturbed * 0.9**missed)
            server.stop()
            done = end(process)
            server.start()
            if not done.failed:
                missed += 1
                continue
            tries += 1
            said[done.said] += 1
            if verb == "pull":
                wrong |= {(tries, name) for name in passes_for_whole(folder, source)}
            must(folder, verb, "--quiet")
            reader = another(beside, source) if verb == "push" else folder
            done = dvc(reader, "pull")
            broken = passes_for_whole(reader, source)
            wrong |= {(tries, name) for name in broken}
            if not (done.failed or broken) and whole(reader, source):
                again += 1
            elif store:
                mend(store / place)
                must(source, "push", "--quiet")
                reader = another(beside, source)
                must(reader, "pull", "--quiet")
                mended += whole(reader, source)
        succeeds = f"{again} of {tries}" + (f", mended {mended}" if again < tries else "")
        row(
            f"{remote.name} dies during `dvc {verb}`",
            f"{tries} of {tries}",
            len(wrong),
            succeeds,
            heard(said),
        )


def mend(store: Path) -> None:
    """As docs/sharing.md says: delete what is not what its name says, and all lists of files."""
    for path in store.glob("files/md5/*/*"):
        if files.md5(path) != path.parent.name + path.name:  # a list's name ends in .dir
            path.unlink()


def heard(said: Counter) -> str:
    return "; ".join(f"{text} ({count})" for text, count in said.most_common())


def damage(how: str, path: Path) -> None:
    path.chmod(0o644)
    match how:
        case "corrupt":
            path.write_bytes(path.read_bytes()[::-1])
        case "truncated":
            os.truncate(path, BYTES // 2)
    path.chmod(0o444)
    if how == "missing":
        path.unlink()


def damaged(remote: Remote, store: Path, source: Path, rng: random.Random) -> None:
    """Each kind of damage to one object, pulled without and with `verify`; mended as
    docs/sharing.md says.
    """
    remote.use(source, "damaged")
    must(source, "push", "--quiet")
    for verify in ("false", "true"):
        for how in ("corrupt", "truncated", "missing"):
            path = rng.choice(
                [path for path in store.glob("damaged/files/md5/*/*") if path.suffix != ".dir"]
            )
            damage(how, path)
            remote.use(source, "damaged", verify=verify)
            folder = another(source.parent / "beside", source)
            done = dvc(folder, "pull")
            wrong = len(passes_for_whole(folder, source))
            mend(store / "damaged")
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


def read_only(source: Path) -> None:
    """Pull into a cache that may not be written."""
    reader = another(source.parent / "reader", source)
    cache = reader / ".dvc/cache"
    cache.mkdir()
    cache.chmod(0o555)
    done = dvc(reader, "pull", under=HELD_BACK)
    wrong = len(passes_for_whole(reader, source))
    cache.chmod(0o755)
    again = dvc(reader, "pull", "--quiet", under=HELD_BACK)
    ok = not again.failed and whole(reader, source)
    row(
        "read-only cache, `dvc pull`",
        "yes" if done.failed else "no",
        wrong,
        "yes" if ok else "NO",
        done.said,
    )


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
            [*DVC, "status", "collect"],
            check=True,
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
        )
        ok = not again.failed and same and "up to date" in status.stdout
        told = "yes" if one.failed or two.failed else "no"
        row(
            "two `dvc repro` at once",
            told,
            0 if ok else "?",
            "yes" if ok else "NO",
            two.said or one.said,
        )


def s3(source: Path, rng: random.Random) -> None:
    folder = source.parent / "s3"
    folder.mkdir()
    keys = {"access_key_id": servers.USER, "secret_access_key": servers.PASSWORD}
    with servers.s3(folder) as server:
        dies(Remote("S3", "s3://assay", keys | {"endpointurl": server.url}), server, source, rng)


def webdav(
    name: str, serve: Callable[[Path], servers.Server], source: Path, rng: random.Random
) -> None:
    folder, login = source.parent / name, {"user": servers.USER, "password": servers.PASSWORD}
    folder.mkdir()
    with serve(folder) as server:
        url, store = f"{server.url}/assay", folder / "data/assay"
        client = Client(url.replace("webdav", "http", 1), auth=tuple(login.values()))
        client.mkdir("damaged")  # DVC makes no folder above its own
        for verify in ("false", "true"):
            client.mkdir(verify)
            for place in ("whole", *(f"push-{n}-{m}" for n in range(TRIES) for m in range(TRIES))):
                client.mkdir(f"{verify}/{place}")
            remote = Remote(
                f"{name}, `verify {verify}`,", f"{url}/{verify}", login | {"verify": verify}
            )
            dies(remote, server, source, rng, store / verify)
        damaged(Remote(name, url, login), store, source, rng)


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    rng = random.Random(seed)
    print(f"# {machine()}; seed {seed}\n")
    row(
        "what happened",
        "an error",
        "files that pass for whole and are not",
        "the next try succeeds",
        "what DVC says",
    )
    row(*["---"] * 5)
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # Apache may not be root
        source = project(folder / "source", rng)
        s3(source, rng)
        webdav("WsgiDAV", servers.webdav, source, rng)
        if servers.APACHE:
            webdav("Apache", servers.apache, source, rng)
        damaged(Remote("folder", str(folder / "store"), {}), folder / "store", source, rng)
        read_only(source)
    at_once()


if __name__ == "__main__":
    main()
