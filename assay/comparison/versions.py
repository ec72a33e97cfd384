"""A version of the data: the files of a git revision or the workspace, wherever DVC keeps them."""

import io
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
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
from pydantic import ValidationError

from assay.catalogue import catalogue, spreadsheets
from assay.comparison import unreadable, yet_to_run
from assay.contract import csv_files, files, parameters, paths, plain_files, yaml_files
from assay.contract.errors import InputError
from assay.contract.parquet_files import is_numbered
from assay.contract.sections import Evaluate


class Version:
    """The files of a revision. A file that is not there is None.

    Paths are relative to the working folder, which may be a folder inside its git repository.
    A file that is there but damaged raises InputError, which names the version and the file.

    Attributes
    ----------
    name : the revision as the user typed it, a full hash shortened; or "workspace"
    missing : files of the revision that were asked for, but are neither cached nor on the remote
    absent : files that were asked for, but are no part of the revision
    """

    def __init__(self, revision: str | None) -> None:
        self.name = "workspace" if revision is None else revision
        self.missing: list[str] = []
        self.absent: list[str] = []
        if re.fullmatch("[0-9a-f]{40}", self.name):
            self.name = self.name[:7]
        try:
            # Every revision is read with today's remotes.
            self._repo = Repo(scm=SCM(str(Path.cwd())), config=Config.from_cwd())
            self._switched = ExitStack()  # as long as this lives, the repo is at the revision
            if revision is not None:
                self._switched.enter_context(self._repo.switch(revision))
            self._files = self._repo.dvcfs
            self._files.info(paths.PARAMETERS.as_posix())
        except FileNotFoundError:
            raise InputError(f"{self.name} cannot be read: it has no {paths.PARAMETERS}") from None
        except Exception as error:  # DVC's own, and those of its libraries for git and YAML
            raise InputError(f"{self.name} cannot be read: {unreadable.why(error)}") from None

    @contextmanager
    def _reading(self, path: Path) -> Iterator[None]:
        """Raise any error about the content of a file as InputError with the version and file."""
        try:
            yield
        except InputError:
            raise
        except Exception as error:  # of pyarrow, numpy and DVC, which share no base class
            raise InputError(f"{self.name}:{path} is damaged ({error}): fetch it again") from None

    def open(self, path: Path) -> BinaryIO | None:
        name = path.as_posix()
        if self.name == "workspace" and path.exists():
            plain_files.check(path)
        try:
            return self._files.open(name, "rb")
        except (OSError, DvcException):  # DvcException: the remote does not answer
            not_read = self.missing if self._files.exists(name) else self.absent
            not_read.append(name)
            return None

    def read(self, path: Path) -> bytes | None:
        with self.open(path) or nullcontext() as file:
            return None if file is None else file.read()

    def local(self, path: Path) -> str | io.BytesIO | None:
        """The path of a file in the cache or workspace, or the content of one elsewhere."""
        with self.open(path) or nullcontext() as file:
            name = getattr(file, "name", None)
            if file is None or isinstance(name, str):
                return name
            return io.BytesIO(file.read())

    def json(self, path: Path, schema: Any) -> dict[str, Any]:
        """The values of a JSON file; {} where there is none."""
        content = self.read(path)
        return {} if content is None else files.parse_json(f"{self.name}:{path}", content, schema)

    def csv(
        self, path: Path, columns: Sequence[str] = (), parse: Callable = csv_files.parse_csv
    ) -> pd.DataFrame | None:
        """A CSV file as `csv_files.write_frame` writes it, or as `spreadsheets.write` does."""
        content = self.read(path)
        if content is None:
            return None
        with self._reading(path):
            frame = parse(f"{self.name}:{path}", content, columns).to_pandas()
            if not content.endswith(b"\n"):
                raise ValueError("its last line is cut")
            return frame

    def labels(self, path: Path) -> pd.DataFrame | None:
        """A CSV file of labels, with `label` and `source`, by id."""
        frame = self.csv(path, ["id", "label", "source"])
        return None if frame is None else self._by_id(frame, path)

    def _by_id(self, frame: pd.DataFrame, path: Path) -> pd.DataFrame:
        with self._reading(path):
            frame = frame.set_index("id")
            if not frame.index.is_unique:
                raise ValueError(f"{frame.index[frame.index.duplicated()][0]!r} is in it twice")
        unknown = [] if self.examples is None else frame.index.difference(self.examples.index)
        if len(unknown):
            older = f"{self.name}:{path} is of other data: {paths.COLLECTED} has no example"
            remedy = "name a commit after a whole `dvc repro`"
            if self.name == "workspace":
                remedy = "type `dvc checkout` if git switched versions, else `dvc repro`"
            raise InputError(f"{older} {unknown[0]!r}: {remedy}")
        return frame

    def predictions(self) -> pd.DataFrame | None:
        """`answer`, `predicted`, `confidence` and `loss` of test examples by id."""
        path = paths.PREDICTIONS
        numbers = ["confidence", "loss"]
        columns = ["id", "answer", "predicted", *numbers]
        frame = self.csv(path, columns, spreadsheets.parse_plotted)
        if frame is None:
            return None
        with self._reading(path):
            frame[numbers] = frame[numbers].astype(float)
            if not np.isfinite(frame[numbers]).all(axis=None):
                raise ValueError("a number is infinite or NaN")
        return self._by_id(frame, path)

    def classes(self) -> set[str] | None:
        """The classes that the model or the answers of test examples know."""
        frame = self.csv(paths.CLASS_METRICS, ["label"], spreadsheets.parse)
        return None if frame is None else set(frame["label"])

    def parameters_since(self, earlier: "Version") -> dict[str, list]:
        """The parameters that differ, each as [then, now]."""
        then = {"": {"data": earlier._parameters()}}  # as `diff` takes it
        now = {"": {"data": self._parameters()}}
        changed = sorted(diff(then, now).get("", {}).items())
        return {key: [values["old"], values["new"]] for key, values in changed}

    def _parameters(self) -> dict:
        content = self.read(paths.PARAMETERS) or b""
        return yaml_files.parse(f"{self.name}:{paths.PARAMETERS}", content)

    def evaluate(self) -> Evaluate:
        """Its parameters of `evaluate`; today's, if this version of Assay cannot read them."""
        if self.name != "workspace":
            with suppress(ValidationError):
                return Evaluate.model_validate(self._parameters().get("evaluate"))
        return parameters.load().evaluate

    def yet_to_run(self) -> str | None:
        """The first stage that must run before the predictions are up to date; None if none."""
        content = self.read(paths.RECORD)
        if content is None:
            return None
        with self._reading(paths.RECORD):
            record = yaml_files.parse(f"{self.name}:{paths.RECORD}", content)
            sources = yet_to_run.sources(self._repo, self.read)
            frozen = yet_to_run.frozen_stages(self._repo)
            stage = yet_to_run.first(record, self._parameters(), sources, frozen)
            trained = self.name != "workspace" or yet_to_run.is_model_of(record)
        return "train" if stage in (None, "evaluate") and not trained else stage

    def batches(self) -> list[str] | None:
        return self.json(paths.LISTED, dict[str, list[str]]).get("batches")

    @cached_property
    def examples(self) -> pd.DataFrame | None:
        """As `catalogue.read`, by id; without the keys that are row numbers."""
        frames = {}
        columns = ["id", "key", "split"]
        for batch in self.batches() or []:
            path = paths.examples(batch)
            file = self.local(path)
            if file is None:
                return None
            with self._reading(path):
                table = pq.read_table(file, columns=columns, use_threads=False)
                frame = table.to_pandas()[columns]
                if is_numbered(table.schema):
                    frame["key"] = None
                frames[batch] = frame
        return catalogue.joined_without_copies(frames).set_index("id") if frames else None

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

    def files_below(self, folder: Path) -> list[Path] | None:
        """The files in a folder and below it; None if there is no such folder."""
        name = folder.as_posix()
        if not self._files.isdir(name):
            self.absent.append(name)
            return None
        return [Path(file) for file in self._files.find(name)]

    def is_link_in_git(self, path: Path) -> bool:
        """Whether git has only a link at this path, and not the file that the link leads to."""
        if self.name == "workspace":
            return False
        mode = self._files.info(path.as_posix())["fs_info"].get("mode", 0)
        return stat.S_ISLNK(mode)

    def features(self, examples: pd.DataFrame) -> np.ndarray | None:
        """The embeddings (n, features) of some rows of `examples`, in their order."""
        features = None
        for batch, rows in examples.reset_index().groupby("batch", sort=False)["row"]:
            path = paths.embeddings(batch)
            file = self.local(path)
            if file is None:
                return None
            with self._reading(path):
                array = np.load(file, mmap_mode="r" if isinstance(file, str) else None)
                if features is None:
                    features = np.empty((len(examples), array.shape[1]), array.dtype)
                features[rows.index] = array[rows]
                if features.dtype.kind != "f" or not np.isfinite(features[rows.index]).all():
                    raise ValueError("it holds no finite numbers")
        return features
