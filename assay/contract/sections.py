"""The sections of params.yaml, one class for each, with the types and ranges of the parameters.

The upper bounds are so high that a larger value must be a mistake.
"""

import re
import reprlib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WrapValidator,
    field_validator,
    model_validator,
)

from assay.contract import paths

Share = Annotated[float, Field(ge=0, le=1)]
OpenShare = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=10**9)]
Natural = Annotated[int, Field(ge=0, le=10**9)]
BatchSize = Annotated[int, Field(ge=1, le=2**16)]
Epochs = Annotated[int, Field(ge=1, le=100_000)]
Steps = Annotated[int, Field(ge=1, le=10**8)]
Side = Annotated[int, Field(ge=1, le=4096)]  # of an image, in pixels
Depth = Annotated[int, Field(ge=8, le=16)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


def _in_words(allowed: str) -> WrapValidator:
    """A validator whose error says what is `allowed`, in place of the words of pydantic."""

    def checked(value: object, check: Callable[[object], Any]) -> Any:
        try:
            return check(value)
        except ValidationError:
            raise ValueError(f"must be {allowed}, not {reprlib.repr(value)}") from None

    return WrapValidator(checked)


def _no_truth_value(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"must be a number, not {value}")  # noqa: TRY004  # as pydantic reads it
    return value


_NUMBER = BeforeValidator(_no_truth_value)  # in Python True == 1, so a Literal would accept it
_SIZE = _in_words("'auto', empty, or two whole numbers from 1 to 4096 as [height, width]")
_DEPTHS = _in_words("'auto', a whole number from 8 to 16, or two numbers as [black, white]")


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Annotator(Section):
    labels: Share  # the share of the examples that this person labels
    accuracy: Share  # the share of these labels that are right


class Digits(Section):
    """How scikit-learn's digits are split into batches, and how well simulated people label."""

    batches: dict[str, Count]  # raw folder: number of examples
    annotators: dict[str, Annotator]
    seed: Seed


class Collect(Section):
    test: OpenShare  # held out by content hash where a batch names no split
    validation: OpenShare
    group: str | None  # a column, or a pattern of the key; examples of one group share a split
    split_by: Literal["hash", "time"]
    time: str | None  # the column with the time of an example, for split_by `time`
    largest_file: Count  # the most MB of a raw file after unpacking
    # height, width in pixels
    resize: Annotated[
        Annotated[tuple[Side, Side], Field(strict=False)] | Literal["auto"] | None, _SIZE
    ]
    fit: Literal["crop", "pad", "stretch"]  # how `resize` treats images of another aspect ratio
    channels: Annotated[Literal[1, 3] | None, _NUMBER]
    background: str  # the colour behind transparent pixels
    # bits of a grey value, or the values that become black and white
    depth: Annotated[
        Literal["auto"] | Depth | Annotated[tuple[float, float], Field(strict=False)], _DEPTHS
    ]
    # every sound is resampled to this rate, in Hz, and cut or filled up to this length
    sample_rate: Annotated[int, Field(ge=1000, le=192_000)]
    seconds: Literal["auto"] | Annotated[float, Field(ge=0.01, le=3600)]
    # at most so many characters of a text are kept; memory grows with the longest text
    characters: Annotated[int, Field(ge=1, le=10**7)]

    _auto_side: int = 64

    @property
    def auto_side(self) -> int:
        """Pixels of a side of the square that images become with `resize: auto`."""
        return self._auto_side

    def suited_to(self, encoder: str | None) -> "Collect":
        """A copy for `pretrain.encoder`: most encoders learned from photographs of 224 pixels."""
        suited = self.model_copy()
        suited._auto_side = 224 if encoder else self._auto_side
        return suited

    @model_validator(mode="after")
    def _something_to_learn_from(self) -> "Collect":
        if self.test + self.validation >= 1:
            raise ValueError("test + validation must leave a share for training, so be below 1")
        if isinstance(self.depth, tuple) and self.depth[0] >= self.depth[1]:
            raise ValueError("depth must name the darker value first, as in [0, 4095]")
        return self

    @field_validator("background")
    @classmethod
    def _colour(cls, colour: str) -> str:
        if not re.fullmatch("#[0-9a-fA-F]{6}|[a-zA-Z]+", colour):
            raise ValueError(f"{colour!r} is no colour: use a name, as white, or '#rrggbb'")
        return colour


class Pretrain(Section):
    batches: list[str] = Field(min_length=1)
    encoder: str | None  # a file or folder in models/pretrained/, instead of learning one
    method: Literal["auto", "patches", "ngrams", "columns", "vicreg", "transformer"]
    examples: Count  # at most so many examples of each batch
    # filters of the method `patches`: each gives 18 numbers of an embedding
    patches: Literal["auto"] | Annotated[int, Field(ge=1, le=1024)]
    # more filters, at half the resolution
    coarse_patches: Literal["auto"] | Annotated[int, Field(ge=0, le=1024)]
    mirror: Literal["auto"] | bool  # whether an image and its mirror image mean the same
    windows: Annotated[int, Field(ge=1, le=1000)]  # of a sound; the most windows of a text
    epochs: Epochs  # methods that train a network use at least so many epochs
    steps: Steps  # and at least so many steps
    seed: Seed

    @field_validator("encoder")
    @classmethod
    def _stays_in_its_folder(cls, name: str | None) -> str | None:
        path = PurePosixPath(name or "encoder")
        if path.is_absolute() or ".." in path.parts or not path.name or "\0" in path.name:
            raise ValueError(f"{name!r} must name a file or folder in {paths.PRETRAINED}/")
        return name


class Embed(Section):
    batch_size: BatchSize


Action = Literal["flag", "drop", "ignore"]


class Beyond(Section):
    """What to do about each finding that is not about labels. Test examples are never dropped."""

    near_duplicate: Action  # the later one of two
    leak: Action  # the training copy of a test example
    outlier: Action
    blank: Action
    dark: Action
    blurred: Action
    cut_off: Action
    silent: Action
    clipped: Action
    empty: Action
    mojibake: Action
    drift: Literal["flag", "ignore"]
    class_overlap: Literal["flag", "ignore"]
    leaky_column: Literal["flag", "ignore"]
    shortcut: Literal["flag", "ignore"]
    imbalance: Literal["flag", "ignore"]
    missing_class: Literal["flag", "ignore"]
    sorted_labels: Literal["flag", "ignore"]
    null_rate: Literal["flag", "ignore"]
    new_category: Literal["flag", "ignore"]


COPIES = {"near_duplicate", "leak"}  # findings of Beyond that are not searched in very large data


class Clean(Section):
    # the suggested label replaces the given one if its probability is at least this; 1: never
    relabel_above: Share
    drop_below: Share  # an example is left out if the quality of its given label is below this
    smallest_class: Count  # a class needs at least so many examples to be learned
    # cross-validation folds of a network, as one more judge of labels; 0: no network; auto: only
    # if it helps
    folds: Annotated[Literal["auto", 0] | Annotated[int, Field(ge=2, le=100)], _NUMBER]
    beyond: Beyond


class Annotate(Section):
    pseudo_labels: Literal["none", "confident", "propagate"]
    pseudo_above: Share  # for `confident`: a pseudo-label needs at least this probability
    queue_length: Natural
    # so many questions of the queue at a time are chosen to differ from each other
    page: Annotated[int, Field(ge=1, le=1000)]
    test_share: Share  # the share of the questions that are about labels of the test split


class Train(Section):
    start: Literal["auto", "encoder", "scratch", "frozen"]
    lora: Annotated[int, Field(ge=0, le=1024)]  # rank; 0: train all weights of a pretrained encoder
    network: Literal["small", "large"]
    epochs: Epochs  # at least so many epochs
    steps: Literal["auto"] | Steps  # and at least so many steps: small data is seen more often
    batch_size: BatchSize
    # the number of batches before each change of the weights
    gradient_accumulation: Annotated[int, Field(ge=1, le=10_000)]
    learning_rate: Annotated[float, Field(gt=0, le=100)]
    shift: Annotated[int, Field(ge=0, le=64)]  # a training image is moved by at most so many pixels
    mirror: bool  # whether the model averages over an image and its mirror image
    label_smoothing: OpenShare
    soft_labels: bool
    class_weights: Literal["none", "balanced"]
    # training stops after so many epochs without a lower validation loss; 0: never
    patience: Natural
    bfloat16: Literal["auto"] | bool
    seed: Seed


class Evaluate(Section):
    confidence: Annotated[float, Field(ge=0.5, le=0.9999)]
    resamples: Annotated[int, Field(ge=100, le=100_000)]
    reliability_bins: Annotated[int, Field(ge=2, le=1000)]
    answers_per_hour: Annotated[int, Field(ge=1, le=100_000)]


class Report(Section):
    language: Literal["en", "zh"]
    since: Annotated[str, Field(max_length=200)]
