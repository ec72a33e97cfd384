"""A version of the data set: the files of a git revision, or of the workspace, from the cache, the remote or git."""

import json
import re
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

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
    """What a revision holds. A file that cannot be read is None.

    Paths are those of the working folder, wherever in its git repository that lies.

    Attributes
    ----------
    name : as it was asked for; "workspace"
    missing : the files that were asked for and are neither cached nor on the remote
    absent : the files that were asked for and are no part of the revision
    """

    def __init__(self, revision: str | None) -> None:
        self.name, self.missing, self.absent = revision or "workspace", list[str](), list[str]()
        if re.fullmatch("[0-9a-f]{40}", self.name):
            self.name = self.name[:7]
        try:
            repo = Repo(
                scm=SCM(str(Path.cwd())), config=Config.from_cwd()
            )  # every revision with the remotes of today
            self._switched = ExitStack()  # as long as this lives, the repo is at the revision
            if revision:
                self._switched.enter_context(repo.switch(revision))
            self._files = repo.dvcfs
            self._files.info(parameters.FILE.as_posix())
        except FileNotFoundError:
            raise InputError(
                f"{self.name} cannot be read: it has no {parameters.FILE} in this folder"
            ) from None
        except DvcException as error:
            raise InputError(f"{self.name} cannot be read: {error}") from None

    def open(self, path: Path) -> BinaryIO | None:
        try:
            return self._files.open(path.as_posix(), "rb")
        except (OSError, DvcException):  # DVC's: a remote that does not answer
            (self.missing if self._files.exists(path.as_posix()) else self.absent).append(
                path.as_posix()
            )
            return None

    def read(self, path: Path) -> bytes | None:
        file = self.open(path)
        return file and file.read()

    def json(self, path: Path) -> dict:
        """The values of a JSON file; {} where there is none."""
        return json.loads(self.read(path) or b"{}")

    def csv(self, path: Path, columns: Sequence[str] = ()) -> pd.DataFrame | None:
        """A CSV file as `csv_files.write_frame` writes it."""
        content = self.read(path)
        return (
            None
            if content is None
            else csv_files.parse_csv(f"{self.name}:{path}", content, columns).to_pandas()
        )

    def parameters_since(self, earlier: "Version") -> dict[str, list]:
        """The parameters that differ, each as [then, now]."""
        two = [
            parse_yaml(version.read(parameters.FILE), parameters.FILE)
            for version in (earlier, self)
        ]
        found = diff(*({"": {"data": each}} for each in two)).get("", {})
        return {key: [each["old"], each["new"]] for key, each in sorted(found.items())}

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
            frames[batch] = pq.read_table(
                file, columns=["id", "key", "split"], use_threads=False
            ).to_pandas()
        return catalogue.once(frames).set_index("id") if frames else None

    @cached_property
    def learned(self) -> pd.DataFrame | None:
        """What training learns from: `label`, `weight`, `source` by id."""
        frame = self.csv(paths.ANNOTATED_LABELS, ["id", "label", "source"])
        return None if frame is None else frame.set_index("id")

    def votes(self) -> pd.DataFrame | None:
        """Every label that was collected: `id`, `annotator`, `label`."""
        frames = [self.csv(paths.labels(batch)) for batch in self.batches() or []]
        return (
            None
            if not frames or any(frame is None for frame in frames)
            else pd.concat(frames, ignore_index=True)
        )

    def answers(self) -> pd.DataFrame | None:
        """People's answers in data/annotations, which git holds: `name` (an id or key), `annotator`, `label`."""
        if not self._files.isdir(paths.ANNOTATIONS.as_posix()):
            self.absent.append(paths.ANNOTATIONS.as_posix())
            return None
        frames = [pd.DataFrame(columns=["name", "annotator", "label"])]
        for path in filter(
            is_answers, map(Path, sorted(self._files.find(paths.ANNOTATIONS.as_posix())))
        ):
            content = self.read(path)
            if content is None:
                return None
            frame = spreadsheets.parse(
                f"{self.name}:{path}", content, ["annotator", "label"]
            ).to_pandas()
            by = "id" if "id" in frame else "key"
            frames.append(frame.rename(columns={by: "name"}).reindex(columns=frames[0].columns))
        return pd.concat(frames, ignore_index=True)

    def features(self, examples: pd.DataFrame) -> np.ndarray | None:
        """The embeddings (n, features) of some rows of `examples`, in their order."""
        found = None
        for batch, rows in examples.reset_index().groupby("batch", sort=False)["row"]:
            file = self.open(paths.embeddings(batch))
            if file is None:
                return None
            local = isinstance(getattr(file, "name", None), str)  # in the cache or the workspace
            array = np.load(file.name, mmap_mode="r") if local else np.load(file)
            if found is None:
                found = np.empty((len(examples), array.shape[1]), array.dtype)
            found[rows.index] = array[rows]
        return found
