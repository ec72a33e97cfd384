"""A version of the data set: the files of a git revision, or of the workspace, from the cache, the remote or git."""

import json
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from dvc.exceptions import DvcException
from dvc.fs import DVCFileSystem  # dvc.api takes 0.1 s more to import
from dvc.utils.diff import diff
from dvc.utils.serialize import parse_yaml

from assay import catalogue, dataset, parameters, spreadsheets
from assay.errors import InputError


class Version:
    """What a revision holds. A file that is neither in git nor cached nor on the remote reads as None.

    Attributes
    ----------
    name : as it was asked for; "workspace"
    missing : the files that were asked for and could not be read
    """

    def __init__(self, revision: str | None) -> None:
        self.name, self.missing = revision or "workspace", list[str]()
        if re.fullmatch("[0-9a-f]{40}", self.name):
            self.name = self.name[:7]
        try:
            self._files = DVCFileSystem(rev=revision)
            self.repo = self._files.repo
        except DvcException as error:
            raise InputError(f"{self.name} cannot be read: {error}") from None

    def open(self, path: Path) -> BinaryIO | None:
        try:
            return self._files.open(f"/{path.as_posix()}", "rb")
        except (OSError, DvcException):  # DVC's: a remote that does not answer
            self.missing.append(path.as_posix())
            return None

    def read(self, path: Path) -> bytes | None:
        file = self.open(path)
        return file and file.read()

    def json(self, path: Path) -> dict:
        """The values of a JSON file; {} where there is none."""
        return json.loads(self.read(path) or b"{}")

    def csv(self, path: Path, columns: Sequence[str] = ()) -> pd.DataFrame | None:
        """A CSV file as `dataset.write_frame` writes it."""
        content = self.read(path)
        return None if content is None else dataset.parse_csv(f"{self.name}:{path}", content, columns).to_pandas()

    def parameters_since(self, earlier: "Version") -> dict[str, list]:
        """The parameters that differ, each as [then, now]."""
        two = [parse_yaml(version.read(parameters.FILE) or b"", parameters.FILE) for version in (earlier, self)]
        found = diff(*({"": {"data": each}} for each in two)).get("", {})
        return {key: [each["old"], each["new"]] for key, each in sorted(found.items())}

    def batches(self) -> list[str]:
        return self.json(dataset.LISTED).get("batches", [])

    @cached_property
    def examples(self) -> pd.DataFrame | None:
        """As `catalogue.read`, by id."""
        frames = {}
        for batch in self.batches():
            file = self.open(dataset.examples(batch))
            if file is None:
                return None
            frames[batch] = pq.read_table(file, columns=["id", "key", "split"], use_threads=False).to_pandas()
        return catalogue.once(frames).set_index("id") if frames else None

    @cached_property
    def learned(self) -> pd.DataFrame | None:
        """What training learns from: `label`, `weight`, `source` by id."""
        frame = self.csv(dataset.ANNOTATED_LABELS, ["id", "label", "source"])
        return None if frame is None else frame.set_index("id")

    def votes(self) -> pd.DataFrame | None:
        """Every label that was collected: `id`, `annotator`, `label`."""
        frames = [self.csv(dataset.labels(batch)) for batch in self.batches()]
        return None if not frames or any(frame is None for frame in frames) else pd.concat(frames, ignore_index=True)

    def answers(self) -> pd.DataFrame:
        """People's answers in data/annotations, which git holds: `name` (an id or key), `annotator`, `label`."""
        frames = [pd.DataFrame(columns=["name", "annotator", "label"])]
        for path in map(Path, sorted(self._files.glob(f"/{dataset.ANNOTATIONS}/*.csv"))):
            content = self.read(path.relative_to("/"))
            frame = spreadsheets.parse(f"{self.name}:{path}", content, ["annotator", "label"]).to_pandas()
            by = "id" if "id" in frame else "key"
            frames.append(frame.rename(columns={by: "name"}).reindex(columns=frames[0].columns))
        return pd.concat(frames, ignore_index=True)

    def features(self, examples: pd.DataFrame) -> np.ndarray | None:
        """The embeddings (n, features) of some rows of `examples`, in their order."""
        found = None
        for batch, rows in examples.reset_index().groupby("batch", sort=False)["row"]:
            file = self.open(dataset.embeddings(batch))
            if file is None:
                return None
            local = isinstance(getattr(file, "name", None), str)  # in the cache or the workspace
            array = np.load(file.name, mmap_mode="r") if local else np.load(file)
            if found is None:
                found = np.empty((len(examples), array.shape[1]), array.dtype)
            found[rows.index] = array[rows]
        return found
