"""What sharing costs: MNIST as Assay keeps it, compared with 60,000 PNG files under DVC; with 1 %
appended, and with 100 labels changed.

python -m benchmarks.sharing

Remotes are folders. Seconds are wall-clock time, with processor time in brackets, of `dvc` and all
processes that it starts.
"""

import gzip
import io
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from assay.contract import files, paths
from benchmarks.mnist import prepare
from benchmarks.workspace import SHARED, clone, environment, machine, row, set_parameters

BATCH, NEW = "mnist", "mnist-new"
IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
APPENDED, RELABELLED = 700, 100  # 1 % of the 70,000 examples, and how many labels change
SHARDS = (16, 256, 4096)  # by the first digits of the id
STAGES = ("collect", "sample", "pretrain", "embed", "clean", "annotate")  # those that run here
EXAMPLES_AND_EMBEDDINGS = (str(paths.COLLECTED), str(paths.EMBEDDED))


class Clock:
    """What `dvc` with some arguments takes, in seconds of the clock and of the processor."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        start = time.perf_counter()
        command = [sys.executable, "-m", "dvc", *arguments]
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        self.wall, self.cpu = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
        if status:
            sys.exit(f"dvc {' '.join(arguments)} failed")

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.cpu:.1f} s)"

    def over(self, other: "Clock") -> str:
        return f"{self.wall / other.wall:.3f} ({self.cpu / other.cpu:.3f})"


def megabytes(n: int) -> str:
    return f"{n / 1e6:.2f} MB"


def sizes(folder: Path) -> dict[str, int]:
    """Every object of a remote, and its bytes."""
    return {
        f"{path.parent.name}{path.name}": path.stat().st_size
        for path in folder.glob("files/md5/*/*")
    }


def pushed(folder: Path, remote: Path) -> dict[str, int]:
    """Push; what that added to the remote, by the paths of the workspace that have it, and its
    bytes.
    """
    before = sizes(remote)
    Clock(
        folder, "push", "--quiet", *(str(path) for path in folder.glob("data/raw/*.dvc")), *STAGES
    )
    new = {name: size for name, size in sizes(remote).items() if name not in before}
    outputs = [
        path for path in folder.glob("*/**/*") if path.is_file() and ".dvc" not in path.parts
    ]
    names = {files.md5(path): str(path.relative_to(folder)) for path in outputs}
    return {names.get(name, name): size for name, size in new.items()}


def mnist_images() -> np.ndarray:
    """The 60,000 training images (n, 28, 28)."""
    return np.frombuffer(
        gzip.decompress((SHARED / "mnist" / IMAGES).read_bytes()), np.uint8, offset=16
    ).reshape(-1, 28, 28)


def mnist_labels() -> np.ndarray:
    return np.frombuffer(
        gzip.decompress((SHARED / "mnist" / LABELS).read_bytes()), np.uint8, offset=8
    )


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def write_pngs(folder: Path) -> None:
    for number, (image, label) in enumerate(zip(mnist_images(), mnist_labels(), strict=True)):
        path = folder / str(label) / f"{number:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(image))


def start(folder: Path) -> None:
    """MNIST as the only batch of a clone."""
    prepare(folder)
    Clock(folder, "add", "--quiet", str(paths.RAW / BATCH))


def append(folder: Path) -> None:
    """A batch of images that are not in MNIST: some of its own, a pixel further down."""
    chosen = slice(None, None, 60_000 // APPENDED)
    images = [png(np.roll(image, 1, axis=0)) for image in mnist_images()[chosen][:APPENDED]]
    labels = mnist_labels()[chosen][:APPENDED].astype(str)
    (folder / paths.RAW / NEW).mkdir()
    table = pa.table({"image": pa.array(images, pa.binary()), "label": pa.array(labels)})
    pq.write_table(table, folder / paths.RAW / NEW / paths.EXAMPLES_FILE)
    Clock(folder, "add", "--quiet", str(paths.RAW / NEW))
    set_parameters(folder, batches=[BATCH, NEW])


def relabel(folder: Path) -> None:
    path = folder / paths.RAW / BATCH / LABELS
    content = bytearray(gzip.decompress(path.read_bytes()))
    for index in range(8, len(content), (len(content) - 8) // RELABELLED + 1):
        content[index] = (content[index] + 1) % 10
    path.unlink()
    path.write_bytes(gzip.compress(bytes(content), mtime=0))
    Clock(folder, "add", "--quiet", str(paths.RAW / BATCH))


def shard_bytes(old: list[str], new: list[str], shards: int) -> int:
    """Bytes of those shards of a label table that a change of it touches."""
    digits = len(f"{shards - 1:x}")
    changed = {line[:digits] for line in set(old) ^ set(new)}
    return sum(len(line) + 1 for line in new if line[:digits] in changed)


def against_pngs(ours: Path, folder: Path) -> None:
    """Push and pull of the raw and the collected batch, and of PNG files."""
    theirs = folder / "png"
    write_pngs(theirs / "mnist")
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=theirs, env=environment(), check=True)
    row("`dvc add` of 60,000 PNG", Clock(theirs, "add", "--quiet", "mnist"), "", "")
    times = {}
    for name, source, targets in (
        ("ours", ours, [f"{paths.RAW / BATCH}.dvc", f"collect@{BATCH}"]),
        ("theirs", theirs, ["mnist.dvc"]),
    ):
        remote = folder / f"remote-{name}"
        Clock(source, "remote", "add", "--quiet", "--force", "--default", "team", str(remote))
        push = Clock(source, "push", "--quiet", *targets)
        other = folder / f"other-{name}"
        ignored = shutil.ignore_patterns(
            "cache", "tmp", "*.png", *(BATCH,) * (name == "ours"), "collected", "embedded"
        )
        shutil.copytree(source, other, ignore=ignored)
        times[name] = (
            push,
            Clock(other, "pull", "--quiet", *targets),
            sum(sizes(remote).values()),
            len(sizes(remote)),
        )
    for what, mine, their in zip(("push", "pull"), times["ours"], times["theirs"], strict=False):
        row(f"`dvc {what}` of MNIST, ours and as PNG", mine, their, mine.over(their))
    (*_, bytes_of_ours, files_of_ours), (*_, bytes_of_theirs, files_of_theirs) = (
        times["ours"],
        times["theirs"],
    )
    row(
        "bytes in the remote",
        megabytes(bytes_of_ours),
        megabytes(bytes_of_theirs),
        bytes_of_ours / bytes_of_theirs,
    )
    row("objects in the remote", files_of_ours, files_of_theirs, files_of_ours / files_of_theirs)


def main() -> None:
    print(f"# {machine()}\n")
    row("what", "this", "beside", "ratio")
    row(*["---"] * 4)
    with clone() as folder:
        start(folder)
        Clock(folder, "repro", "--quiet", "embed")
        against_pngs(folder, folder.parent)

        remote = folder.parent / "remote"
        Clock(folder, "remote", "add", "--quiet", "--force", "--default", "team", str(remote))
        Clock(folder, "repro", "--quiet", "annotate")
        before = pushed(folder, remote)

        append(folder)
        new = Clock(folder, "repro", "--quiet", "embed")
        with clone() as other:
            start(other)
            append(other)
            full = Clock(other, "repro", "--quiet", "embed")
        row("1 % appended: all before `clean`, and that from nothing", new, full, new.over(full))
        Clock(folder, "repro", "--quiet", "annotate")
        after = pushed(folder, remote)
        ours, all_of_it = (
            sum(size for name, size in each.items() if name.startswith(EXAMPLES_AND_EMBEDDINGS))
            for each in (after, before)
        )
        row(
            "1 % appended: collected and embedded, pushed and before",
            megabytes(ours),
            megabytes(all_of_it),
            ours / all_of_it,
        )

        labels = paths.labels(BATCH)
        old = (folder / labels).read_text().splitlines()
        relabel(folder)
        Clock(folder, "repro", "--quiet", "annotate")
        after = pushed(folder, remote)
        print()
        row(f"{RELABELLED} labels changed: pushed", "bytes")
        row("---", "---")
        for name, size in sorted(after.items()):
            row(name, megabytes(size))
        row("all of it", megabytes(sum(after.values())))
        table = (folder / labels).read_text().splitlines()
        for shards in SHARDS:
            row(
                f"`{labels}`, were it {shards} files by id",
                megabytes(shard_bytes(old, table, shards)),
            )


if __name__ == "__main__":
    main()
