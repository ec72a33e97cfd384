"""What `python -m assay export` writes, opened by the real Spotlight and FiftyOne, as docs/export.md has it.

Each of them needs an environment of its own: a variable names its Python.
"""

import base64
import io
import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from assay.contract import csv_files, files, parquet_files, paths
from assay.exporting import export
from tests.support import reviewed
from tests.support.pipeline import ROOT

N, WIDTH = 12, 3
SPOTLIGHT, FIFTYONE = os.environ.get("ASSAY_SPOTLIGHT"), os.environ.get("ASSAY_FIFTYONE")

pytestmark = pytest.mark.slow

# the page of a person opens in a browser, and is waited for: a test only starts the server
QUIET = """
from functools import partial
from renumics import spotlight
spotlight.show = partial(spotlight.show, no_browser=True, wait=False)
"""
SHOWN = """
import base64, json, urllib.request
get = lambda place: urllib.request.urlopen(f"{viewer.url}api/table/{place}?generation_id=0").read()
columns = {column["name"]: column for column in json.loads(get(""))["columns"]}
shown = {name: [column["dtype"], column["values"]] for name, column in columns.items()}
cells = {"image": base64.b64encode(get("image/1")).decode(), "embedding": json.loads(get("assay_embedding/1"))}
print(json.dumps([shown, cells]))
viewer.close()
"""
NO_APP = """
import fiftyone
fiftyone.launch_app = lambda dataset: dataset
"""
SAMPLES = """
import json
names = [name for name in dataset.get_field_schema() if name.startswith(("assay", "label", "file", "key"))]
rows = [{name: sample[name] for name in names} for sample in dataset]
print(json.dumps([row | {"assay_embedding": row["assay_embedding"].tolist()} for row in rows]))
"""


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pictures that were exported in both forms, beside a folder in which commands are typed."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    reviewed.make("image", N)
    table = parquet_files.read_parquet(paths.examples("b"), ["id", "split"]).to_pydict()
    embeddings = np.arange(N * WIDTH, dtype=np.float32).reshape(N, WIDTH)
    files.write_rows(paths.embeddings("b"), N, [embeddings])
    given = ["eight", "nine"] * (N // 2)
    judged = {
        "id": table["id"],
        "given": given,
        "suggested": given[::-1],
        "quality": [0.25] * N,
        "confidence": [0.75] * N,
        "decision": ["review"] * N,
        "reason": ["they differ"] * N,
    }
    parquet_files.write_parquet(paths.QUALITY, pa.table(judged))
    rows = list(zip(table["id"], given, ["consensus"] * N, table["split"], strict=True))
    for path, of_test in ((paths.ANNOTATED_LABELS, False), (paths.TEST_LABELS, True)):
        side = [row[:3] for row in rows if (row[3] == "test") == of_test]
        csv_files.write_csv(path, ["id", "label", "source"], side)
    export.export(Path("../exported"), as_files=False)
    export.export(Path("../exported-files"), as_files=True)
    return tmp_path


def typed(python: str, package: str, before: str, after: str, home: Path) -> object:
    """Type the lines of docs/export.md that use a package, and more before and after them."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/export.md").read_text(), re.DOTALL)
    block = next(block for block in blocks if f"import {package}" in block)
    quiet = {
        "HF_HUB_OFFLINE": "1",
        "FIFTYONE_DO_NOT_TRACK": "1",
        "FIFTYONE_SHOW_PROGRESS_BARS": "0",
    }
    done = subprocess.run(
        [os.path.abspath(ROOT / python), "-c", before + block + after],  # noqa: PTH100  # a link
        env=os.environ | quiet | {"HOME": str(home)},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.skipif(not SPOTLIGHT, reason="ASSAY_SPOTLIGHT names no Python that has it")
def test_spotlight_shows_every_column(exported: Path) -> None:
    columns, cells = typed(SPOTLIGHT, "spotlight", QUIET, SHOWN, exported)
    shown = {name: dtype["name"] for name, (dtype, _) in columns.items()}
    assert shown["image"] == "Image"
    assert shown["label"] == "Category"
    assert shown["assay_embedding"] == "Embedding"
    assert shown["assay_quality"] == "float"
    assert set(columns["label"][0]["categories"]) == {"eight", "nine"}
    values = {name: values for name, (_, values) in columns.items()}
    assert len(values["image"]) == N // 2
    assert values["assay_quality"] == [0.25] * (N // 2)
    assert set(values["assay_suggested"]) == {"nine"}
    assert set(values["assay_decision"]) == {"review"}
    assert cells["embedding"] == [6, 7, 8]  # every second example is for training
    assert Image.open(io.BytesIO(base64.b64decode(cells["image"]))).size == (8, 8)


@pytest.mark.skipif(not FIFTYONE, reason="ASSAY_FIFTYONE names no Python that has it")
def test_fiftyone_has_every_column(exported: Path) -> None:
    samples = typed(FIFTYONE, "fiftyone", NO_APP, SAMPLES, exported)
    assert len(samples) == N // 2
    for sample in samples:
        row = int(Path(sample["filepath"]).stem, 16)  # of all examples, as `reviewed` numbers them
        assert sample["key"] == f"key-{row}"
        assert (sample["label"], sample["assay_suggested"]) == ("eight", "nine")
        assert float(sample["assay_quality"]) == 0.25
        assert sample["assay_embedding"] == [row * WIDTH + step for step in range(WIDTH)]


def test_hugging_face_reads_the_files(exported: Path) -> None:
    datasets = pytest.importorskip("datasets")
    folder, cache = str(exported / "exported-files"), str(exported / "cache")
    read = datasets.load_dataset("imagefolder", data_dir=folder, cache_dir=cache)
    assert {split: len(rows) for split, rows in read.items()} == {"train": N // 2, "test": N // 2}
    assert read["train"][0]["image"].size == (8, 8)
    assert {"label", "assay_suggested", "assay_quality"} <= set(read["train"].column_names)
