"""A version of the data: the files of a git revision or the workspace, wherever DVC keeps them."""

import json
import re
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from dvc.config import Config
from dvc.exceptions import DvcException
from dvc.repo import Repo  # dvc.api takes 0.1 s more to import
from dvc.scm import SCM
from dvc.utils.diff import diff
from dvc.utils.serialize import parse_yaml

from assay.annotation.answers import is_answers
from assay.catalogue import catalogue, spreadsheets
from assay.contract import csv_files, parameters, paths
from assay.contract.errors import InputError


class Version:
    """The files of a revision. A file that cannot be read is None.

    Paths are those of the working folder, wherever in its git repository that lies.

    Attributes
    ----------
    name : as the user typed it; "workspace"
    missing : files of the revision that were asked for, but are neither cached nor on the remote
    absent : files that were asked for, but are no part of the revision
    """

    def __init__(self, revision: str | None) -> None:
        self.name = revision or "workspace"
        self.missing: list[str] = []
        self.absent: list[str] = []
        if re.fullmatch("[0-9a-f]{40}", self.name):
            self.name = self.name[:7]
        try:
            # Every revision is read with the remotes of today.
            repo = Repo(scm=SCM(str(Path.cwd())), config=Config.from_cwd())
            self._switched = ExitStack()  # as long as this lives, the repo is at the revision
            if revision:
                self._switched.enter_context(repo.switch(revision))
            self._files = repo.dvcfs
            self._files.info(parameters.FILE.as_posix())
        except FileNotFoundError:
            no_file = f"it has no {parameters.FILE} in this folder"
            raise InputError(f"{self.name} cannot be read: {no_file}") from None
        except DvcException as error:
            raise InputError(f"{self.name} cannot be read: {error}") from None

    def open(self, path: Path) -> BinaryIO | None:
        name = path.as_posix()
        try:
            return self._files.open(name, "rb")
        except (OSError, DvcException):  # DVC's: a remote that does not answer
            (self.missing if self._files.exists(name) else self.absent).append(name)
            return None

    def read(self, path: Path) -> bytes | None:
        file = self.open(path)
        return None if file is None else file.read()

    def json(self, path: Path) -> dict[str, Any]:
        """The values of a JSON file; {} where there is none."""
        return json.loads(self.read(path) or b"{}")

    def csv(self, path: Path, columns: Sequence[str] = ()) -> pd.DataFrame | None:
        """A CSV file as `csv_files.write_frame` writes it."""
        content = self.read(path)
        if content is None:
            return None
        return csv_files.parse_csv(f"{self.name}:{path}", content, columns).to_pandas()

    def labels(self, path: Path) -> pd.DataFrame | None:
        """A CSV file of labels, with `label` and `source`, by id."""
        frame = self.csv(path, ["id", "label", "source"])
        return None if frame is None else frame.set_index("id")

    def parameters_since(self, earlier: "Version") -> dict[str, list]:
        """The parameters that differ, each as [then, now]."""
        then, now = (
            {"": {"data": parse_yaml(version.read(parameters.FILE), parameters.FILE)}}
            for version in (earlier, self)
        )
        changed = sorted(diff(then, now).get("", {}).items())
        return {key: [values["old"], values["new"]] for key, values in changed}

    def batches(self) -> list[str] | None:
        return self.json(paths.LISTED).get("batches")

    @cached_property
    def examples(self) -> pd.DataFrame | None:
        """As `catalogue.read`, by id."""
        frames = {}
        for batch in self.batches() or []:
            file = self.open(paths.examples(batch))
            if file is None:
                return None
            table = pq.read_table(file, columns=["id", "key", "split"], use_threads=False)
            frames[batch] = table.to_pandas()
        return catalogue.once(frames).set_index("id") if frames else None

    @cached_property
    def learned(self) -> pd.DataFrame | None:
        """What training learns from: `label`, `weight`, `source` by id."""
        return self.labels(paths.ANNOTATED_LABELS)

    def votes(self) -> pd.DataFrame | None:
        """Every label that was collected: `id`, `annotator`, `label`."""
        frames = [self.csv(paths.labels(batch)) for batch in self.batches() or []]
        if not frames or any(frame is None for frame in frames):
            return None
        return pd.concat(frames, ignore_index=True)

    def answers(self) -> pd.DataFrame | None:
        """People's answers in data/annotations: `name` (an id or key), `annotator`, `label`."""
        folder = paths.ANNOTATIONS.as_posix()
        if not self._files.isdir(folder):
            self.absent.append(folder)
            return None
        columns = ["name", "annotator", "label"]
        frames = [pd.DataFrame(columns=columns)]
        for path in filter(is_answers, map(Path, sorted(self._files.find(folder)))):
            content = self.read(path)
            if content is None:
                return None
            table = spreadsheets.parse(f"{self.name}:{path}", content, columns[1:])
            name = "id" if "id" in table.column_names else "key"
            frame = table.select([name, *columns[1:]]).to_pandas().set_axis(columns, axis=1)
            frames.append(frame[(frame != "").any(axis=1)])  # a spreadsheet leaves empty rows
        return pd.concat(frames, ignore_index=True)

    def features(self, examples: pd.DataFrame) -> np.ndarray | None:
        """The embeddings (n, features) of some rows of `examples`, in their order."""
        features = None
        for batch, rows in examples.reset_index().groupby("batch", sort=False)["row"]:
            file = self.open(paths.embeddings(batch))
            if file is None:
                return None
            local = isinstance(getattr(file, "name", None), str)  # in the cache or the workspace
            array = np.load(file.name, mmap_mode="r") if local else np.load(file)
            if features is None:
                features = np.empty((len(examples), array.shape[1]), array.dtype)
            features[rows.index] = array[rows]
        return features
