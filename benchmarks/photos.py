"""Photographs of ordinary sizes through the whole pipeline, and the speed and memory of `collect`.

python -m benchmarks.photos [N]            N photos (2,000) of mixed sizes: two edits, `dvc repro`
python -m benchmarks.photos collect [N]    N photos (20,000) of 512 x 512, against Pillow alone

The pictures are those that scikit-image and scikit-learn contain.
"""

import io
import json
import statistics
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

from benchmarks.workspace import clone, code_only, environment, machine, row, set_parameters, timed

SHIPPED = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "coins.png")
SHIPPED += ("hubble_deep_field.jpg", "ihc.png", "motorcycle_left.png", "retina.jpg", "rocket.jpg")
SIDES, QUALITIES = (160, 4000), (60, 96)  # of the longer side in pixels; of the JPEG
CROP, ASPECTS = (0.6, 1.0), (0.75, 1.34)  # shares of the source's sides; height by width
TURNED, WRONG = 0.25, 0.08  # shares of the photos
ORIENTATION = 0x0112  # the tag of EXIF
TURNS = {
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}  # how a camera that was held so stores a picture
RUNS = 3
COLLECT = [sys.executable, "-m", "stages.collect"]
BARE = """
import sys
from pathlib import Path
from PIL import Image
for path in Path(sys.argv[1]).rglob("*.jpg"):
    image = Image.open(path)
    image.draft(None, (128, 128))
    image.load()
"""


def sources() -> dict[str, Image.Image]:
    """The pictures, each a class."""
    folder = Path(next(iter(find_spec("skimage").submodule_search_locations))) / "data"
    pictures = {name.partition(".")[0]: Image.open(folder / name) for name in SHIPPED}
    for name in ("china", "flower"):
        pictures[name] = Image.fromarray(load_sample_image(f"{name}.jpg"))
    return {name: picture.convert("RGB") for name, picture in pictures.items()}


def photo(source: Image.Image, rng: np.random.Generator, size: tuple[int, int]) -> bytes:
    """A random part of a picture as JPEG, enlarged or reduced to a size (width, height)."""
    share = rng.uniform(*CROP)
    width = min(source.width, source.height * size[0] / size[1]) * share
    height = width * size[1] / size[0]
    left, top = rng.uniform(0, source.width - width), rng.uniform(0, source.height - height)
    box = (left, top, left + width, top + height)
    taken = source.resize(size, Image.Resampling.BILINEAR, box)
    exif = Image.Exif()
    if rng.random() < TURNED:
        orientation = int(rng.choice(list(TURNS)))
        exif[ORIENTATION] = orientation
        taken = taken.transpose(TURNS[orientation])
    file = io.BytesIO()
    taken.save(file, "JPEG", quality=int(rng.integers(*QUALITIES)), exif=exif)
    return file.getvalue()


def write(folder: Path, n: int, side: int | None = None) -> None:
    """A raw batch of photos, of mixed sizes or squares of a side, with errors and their truth."""
    rng, pictures = np.random.default_rng(0), sources()
    names, truth = list(pictures), []
    for number in range(n):
        of_picture = names[number % len(names)]
        is_wrong = rng.random() < WRONG
        others = [name for name in names if name != of_picture]
        given = str(rng.choice(others)) if is_wrong else of_picture
        long = int(np.exp(rng.uniform(*np.log(SIDES))))
        aspect = np.exp(rng.uniform(*np.log(ASPECTS)))
        size = (int(long / max(aspect, 1)), int(long * min(aspect, 1)))
        size = (side, side) if side else size
        key = f"{given}/{number:05}.jpg"
        (folder / given).mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(photo(pictures[of_picture], rng, size))
        truth.append(f"{key},{of_picture}\n")
    (folder / "truth.csv").write_text("key,label\n" + "".join(truth))


def whole(n: int) -> None:
    with clone() as folder:
        write(folder / "data/raw/photos", n)
        sizes = sum(path.stat().st_size for path in (folder / "data/raw/photos").rglob("*.jpg"))
        row(f"{n:,} JPEG photos", f"{sizes / 1e6:.0f} MB")
        set_parameters(folder, batches=["photos"], pretrain__batches=["photos"])
        add = [sys.executable, "-m", "dvc", "add", "-q", "data/raw/photos"]
        subprocess.run(add, cwd=folder, env=environment(), check=True)
        seconds, memory = timed([sys.executable, "-m", "dvc", "repro"], folder)
        row("`dvc repro`", f"{seconds:.0f} s")
        row("memory of the largest process", f"{memory:.2f} GiB")
        metrics = json.loads((folder / "metrics/evaluate.json").read_text())
        for name in ("accuracy", "label_errors_average_precision"):
            row(name, metrics.get(name, "none"))


def collect(n: int) -> None:
    with code_only() as folder:
        write(folder / "data/raw/photos", n, 512)
        set_parameters(folder, batches=["photos"], pretrain__batches=["photos"])
        pairs, peaks = [], []
        for _ in range(RUNS):
            seconds, memory = timed(COLLECT, folder, DVC_STAGE="collect@photos")
            bare = timed([sys.executable, "-c", BARE, "data/raw/photos"], folder)[0]
            pairs.append((seconds, bare))
            peaks.append(memory)
    ours, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
    row(f"`collect` of {n:,} photos of 512 x 512", f"{n / ours:.0f} a second")
    row("bare Pillow, draft mode", f"{n / bare:.0f} a second")
    row("median of ratios", statistics.median(b / a for a, b in pairs))
    row("memory of the largest process", f"{max(peaks):.2f} GiB")


def main() -> None:
    print(f"# {machine()}\n")
    row("what", "measured")
    row(*["---"] * 2)
    if sys.argv[1:2] == ["collect"]:
        collect(int(sys.argv[2]) if len(sys.argv) > 2 else 20_000)
    else:
        whole(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)


if __name__ == "__main__":
    main()
