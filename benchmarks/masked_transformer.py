"""One self-supervised Transformer for four modalities by masked modelling, and what it is worth with few labels.

An example becomes a sequence of tokens by the front of its modality: patches of an image (MAE: He et al. 2022), moments
of a spectrogram (wav2vec 2.0: Baevski et al. 2020), words and letters of a text (BERT: Devlin et al. 2019), cells of a
table. A token is a vector or a number in a vocabulary. Some are hidden, and the network says from the others what they
are. It learns from the training examples without labels; then it is fine-tuned with 1 % and 10 % of their labels, at
least one a class, beside the same network from random weights and the linear classifier on the modality's default
encoder. Settings are common ones, the same for all modalities, and were not tuned; `validation` scores on a part of the
training examples, for those who will. The test examples are looked at once.

[KERAS_BACKEND=jax] python -m benchmarks.masked_transformer [STEPS] [validation] [image] [audio] [text] [table] [digits]
"""

import gzip
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import mean

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn import datasets
from sklearn.model_selection import train_test_split

from assay import encoders, linear_head, log_mel, tables
from assay.audio import canonical
from assay.inference import Model
from assay.parameters import Collect, Pretrain
from benchmarks.modalities import mixed, sounds
from benchmarks.workspace import SHARED, machine, row

import keras  # isort: skip
from keras import layers, ops  # isort: skip

IMAGES, TESTED = 10_000, 1_000  # at most, of the training and of the test examples
SHARES, SEEDS = (0.01, 0.1), 3
WIDTH, HEADS, DEPTH = 64, 4, 2
BATCH, STEPS, TUNING_STEPS, TUNING_BATCH = 64, 1000, 500, 32
RATE, TUNING_RATE, DECAY, WARM_UP = 0.002, 0.001, 0.05, 0.1
SIDE = 7  # pixels of a patch
MOMENTS = 5  # frames of a token of sound
LENGTH, FREQUENT = 24, 3  # tokens of a text that are read; texts that a word must be in
BINS = 16  # quantiles of a number in a table


@dataclass
class Tokens:
    """Examples as sequences.

    Attributes
    ----------
    content : (n, tokens, d) float32, about standardised, or (n, tokens) int, below `vocabulary`
    there : (n, tokens) whether there is a token; else it is padding
    hidden : the share of tokens that masked modelling hides
    """

    content: np.ndarray
    there: np.ndarray
    hidden: float
    vocabulary: int = 0

    def __getitem__(self, rows: np.ndarray) -> "Tokens":
        return Tokens(self.content[rows], self.there[rows], self.hidden, self.vocabulary)


@dataclass
class Data:
    """Payloads and labels, and how the payloads become tokens."""

    kind: dict
    payload: np.ndarray
    labels: np.ndarray  # (n,) int
    test: np.ndarray  # (n,) bool
    front: Callable  # payload, training rows -> Tokens


def image_tokens(payload: np.ndarray, train: np.ndarray) -> Tokens:
    n, height, width, channels = payload.shape
    patches = payload.reshape(n, height // SIDE, SIDE, width // SIDE, SIDE, channels).swapaxes(2, 3)
    return Tokens(*standardised(patches.reshape(n, -1, SIDE * SIDE * channels), train), 0.5)


def sound_tokens(payload: np.ndarray, train: np.ndarray) -> Tokens:
    spectrogram = Model(log_mel.to_onnx({"shape": [16000], "sample_rate": 16000}), portable=False, threads=2)
    shown = np.concatenate([spectrogram(block) for block in np.array_split(payload, 20)])[..., 0]  # (n, mels, frames)
    n, mels, frames = shown.shape
    frames -= frames % MOMENTS
    moments = shown[:, :, :frames].reshape(n, mels, -1, MOMENTS).swapaxes(1, 2).reshape(n, -1, mels * MOMENTS)
    values, _ = standardised(moments, train)
    return Tokens(values, (moments > 0).any(axis=2), 0.5)


def standardised(values: np.ndarray, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values on one scale, and that all of them are there."""
    values = (values.astype(np.float32) - values[train].mean()) / values[train].std()
    return values, np.ones(values.shape[:2], bool)


def text_tokens(texts: np.ndarray, train: np.ndarray) -> Tokens:
    """Frequent words are a token each, others a token a letter."""
    split = [re.findall(r"\w+|[^\w\s]", text.lower()) for text in texts]
    found = Counter(word for index in train for word in set(split[index]))
    letters = {letter for index in train for word in split[index] for letter in word}
    known = sorted({word for word, count in found.items() if count >= FREQUENT} | letters)
    number = {word: index for index, word in enumerate(known, start=1)}
    values = np.zeros((len(texts), LENGTH), int)
    for own, words in zip(values, split, strict=True):
        pieces = [piece for word in words for piece in ([word] if word in number else word)]
        numbers = [number.get(piece, 0) for piece in pieces][:LENGTH]
        own[: len(numbers)] = numbers
    return Tokens(values, np.arange(LENGTH) < (values > 0).sum(axis=1, keepdims=True), 0.3, len(known) + 1)


def table_tokens(rows: np.ndarray, train: np.ndarray) -> Tokens:
    """A number is its place among its column's quantiles, a category itself, a gap a token of its own."""
    values, start = np.zeros(rows.shape, int), 0
    for column, cells in enumerate(rows.T):
        own = np.unique(cells[train][~np.isnan(cells[train])])
        edges = own if len(own) <= BINS else np.unique(np.quantile(own, np.linspace(0, 1, BINS + 1)[1:-1]))
        values[:, column] = start + np.where(np.isnan(cells), len(edges) + 1, np.searchsorted(edges, cells, "right"))
        start += len(edges) + 2
    return Tokens(values, np.ones(rows.shape, bool), 0.3, start)


def mnist() -> Data:
    sides, rng = [], np.random.default_rng(0)
    for name, wanted in {"train": IMAGES, "t10k": TESTED}.items():
        files = [SHARED / f"mnist/{name}-{what}-ubyte.gz" for what in ("images-idx3", "labels-idx1")]
        pixels, labels = (np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8) for file in files)
        rows = rng.permutation(len(labels) - 8)[:wanted]
        sides.append((pixels[16:].reshape(-1, 28, 28, 1)[rows], labels[8:][rows]))
    pixels, labels = (np.concatenate(both) for both in zip(*sides, strict=True))
    kind = {"modality": "image", "shape": [28, 28, 1]}
    return Data(kind, pixels, labels.astype(int), np.arange(len(labels)) >= IMAGES, image_tokens)


def fsdd() -> Data:
    frame = sounds()
    params = Collect.model_construct(sample_rate=16000, seconds=1.0)
    payload = canonical([path.read_bytes() for path in frame["path"]], list(frame["file_name"]), params)
    kind = {"modality": "audio", "shape": [16000], "sample_rate": 16000}
    labels, test = frame["label"].astype(int).to_numpy(), (frame["index"] < 5).to_numpy()
    return Data(kind, payload, labels, test, sound_tokens)


def banking77() -> Data:
    frames = [pd.read_csv(SHARED / f"banking77/{side}.csv") for side in ("train", "test")]
    table = pd.concat(frames, ignore_index=True)
    test = np.arange(len(table)) >= len(frames[0])
    texts = table["text"].to_numpy(object)
    return Data({"modality": "text", "shape": []}, texts, pd.factorize(table["category"])[0], test, text_tokens)


def table(frame: pd.DataFrame) -> Data:
    features = pa.Table.from_pandas(frame.drop(columns="label"), preserve_index=False)
    features = features.replace_schema_metadata()
    payload = tables.canonical(features, range(len(frame)))
    _, kind = tables.to_columns(payload, range(len(frame)), features, None)
    _, test = train_test_split(np.arange(len(frame)), test_size=0.3, random_state=0, stratify=frame["label"])
    return Data(kind, payload, frame["label"].to_numpy(), np.isin(np.arange(len(frame)), test), table_tokens)


def digits() -> pd.DataFrame:
    loaded = datasets.load_digits(as_frame=True)
    return loaded.data.assign(label=loaded.target)


DATA = {
    "image": ("MNIST, 10,000 images", mnist),
    "audio": ("FSDD", fsdd),
    "text": ("banking77", banking77),
    "table": ("mixed", lambda: table(mixed())),
    "digits": ("digits as a table", lambda: table(digits())),
}


class Place(layers.Layer):
    """Add a learned vector for each place, after what is hidden became the same learned vector everywhere."""

    def build(self, shape: tuple) -> None:
        self.place = self.add_weight(shape=shape[1:], initializer=keras.initializers.RandomNormal(stddev=0.02))
        self.mask = self.add_weight(shape=shape[2:], initializer=keras.initializers.RandomNormal(stddev=0.02))

    def call(self, x: keras.KerasTensor, hidden: keras.KerasTensor) -> keras.KerasTensor:
        hidden = hidden[..., None]
        return x * (1 - hidden) + self.mask * hidden + self.place


def transformer(tokens: Tokens) -> keras.Model:
    """From tokens, which of them are there, and which are hidden, to vectors (n, tokens, WIDTH)."""
    values = keras.Input(tokens.content.shape[1:], dtype="int32" if tokens.vocabulary else "float32")
    there, hidden = (keras.Input(tokens.there.shape[1:]) for _ in range(2))
    enter = layers.Embedding(tokens.vocabulary, WIDTH) if tokens.vocabulary else layers.Dense(WIDTH)
    x = Place()(enter(values), hidden)  # (n, t, WIDTH)
    ignored = (there[:, None, None, :] - 1) * 1e9  # (n, 1, 1, t)
    for _ in range(DEPTH):
        x = x + layers.Dense(WIDTH)(attention(layers.LayerNormalization()(x), ignored))
        x = x + layers.Dense(WIDTH)(ops.gelu(layers.Dense(4 * WIDTH)(layers.LayerNormalization()(x))))
    return keras.Model([values, there, hidden], layers.LayerNormalization()(x))


def attention(x: keras.KerasTensor, ignored: keras.KerasTensor) -> keras.KerasTensor:
    """Vaswani et al. 2017. Shape (n, t, WIDTH), as x."""
    t = x.shape[1]
    heads = ops.reshape(layers.Dense(3 * WIDTH)(x), (-1, t, 3, HEADS, WIDTH // HEADS))
    query, key, value = (ops.transpose(heads[:, :, each], (0, 2, 1, 3)) for each in range(3))  # (n, heads, t, w)
    scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / (WIDTH // HEADS) ** 0.5  # (n, heads, t, t)
    mixed_values = ops.matmul(ops.softmax(scores + ignored), value)
    return ops.reshape(ops.transpose(mixed_values, (0, 2, 1, 3)), (-1, t, WIDTH))


def guesser(trunk: keras.Model, tokens: Tokens) -> keras.Model:
    """What each token is: its vector, or the logits of its number."""
    outputs = tokens.vocabulary or tokens.content.shape[2]
    return keras.Model(trunk.input, layers.Dense(outputs)(trunk.output))


def classifier(trunk: keras.Model, n_classes: int) -> keras.Model:
    there = trunk.input[1][..., None]
    average = ops.sum(trunk.output * there, axis=1) / (ops.sum(there, axis=1) + 1e-6)  # (n, WIDTH)
    return keras.Model(trunk.input, layers.Dense(n_classes, kernel_initializer="zeros")(average))


def compiled(model: keras.Model, *, discrete: bool, rate: float, steps: int) -> keras.Model:
    rising = round(WARM_UP * steps)
    schedule = keras.optimizers.schedules.CosineDecay(0.0, steps - rising, 0.0, "rate", rate, rising)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if discrete else keras.losses.MeanSquaredError()
    jit = keras.backend.backend() == "jax"  # XLA's compilation would take TensorFlow longer than it saves
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=DECAY, beta_2=0.99), loss, jit_compile=jit)
    return model


def batches(n: int, size: int, steps: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Rows, each as often as any other but for one."""
    order = np.concatenate([rng.permutation(n) for _ in range(-(-size * steps // n))])
    return (order[step * size : (step + 1) * size] for step in range(steps))


def hide(tokens: Tokens, rng: np.random.Generator, share: float) -> np.ndarray:
    return (rng.random(tokens.there.shape) < share) & tokens.there


def pretrain(trunk: keras.Model, tokens: Tokens, steps: int) -> float:
    """Masked modelling; returns the last tenth's loss."""
    model = compiled(guesser(trunk, tokens), discrete=bool(tokens.vocabulary), rate=RATE, steps=steps)
    rng, losses = np.random.default_rng(0), []
    for rows in batches(len(tokens.content), BATCH, steps, rng):
        own = tokens[rows]
        hidden = hide(own, rng, tokens.hidden)
        weights = hidden / max(hidden.mean(), 1e-6)
        losses.append(model.train_on_batch(inputs(own, hidden), own.content, sample_weight=weights.astype(np.float32)))
    return float(np.mean(losses[-steps // 10 :]))


def inputs(tokens: Tokens, hidden: np.ndarray | None = None) -> list[np.ndarray]:
    hidden = np.zeros(tokens.there.shape) if hidden is None else hidden
    return [tokens.content, tokens.there.astype(np.float32), hidden.astype(np.float32)]


def fine_tune(model: keras.Model, weights: list, tokens: Tokens, labels: np.ndarray, seed: int) -> None:
    """From these weights of the whole classifier, in place; hidden tokens are its only augmentation."""
    model.set_weights(weights)
    for variable in model.optimizer.variables:
        variable.assign(np.zeros(variable.shape))
    rng = np.random.default_rng(seed)
    for rows in batches(len(labels), TUNING_BATCH, TUNING_STEPS, rng):
        own = tokens[rows]
        model.train_on_batch(inputs(own, hide(own, rng, tokens.hidden / 2)), labels[rows])


def accuracy(model: keras.Model, tokens: Tokens, labels: np.ndarray) -> float:
    logits = model.predict(inputs(tokens), batch_size=500, verbose=0)
    return float(np.mean(logits.argmax(axis=1) == labels))


def labelled(labels: np.ndarray, rows: np.ndarray, share: float, seed: int) -> np.ndarray:
    """One row of each class, and as many others as make up the share."""
    mixed_rows = np.random.default_rng(seed).permutation(rows)
    _, first = np.unique(labels[mixed_rows], return_index=True)
    others = np.delete(mixed_rows, first)
    return np.concatenate([mixed_rows[first], others[: max(0, round(share * len(rows)) - len(first))]])


def masked(data: Data, train: np.ndarray, score: np.ndarray, chosen: dict, steps: int) -> dict[str, dict]:
    """Accuracy of the Transformer from masked modelling and from random weights, by share and seed."""
    tokens, n_classes = data.front(data.payload, train), int(data.labels.max()) + 1
    keras.utils.set_random_seed(0)
    trunk = transformer(tokens)
    start = time.process_time()
    loss = pretrain(trunk, tokens[train], steps)
    seconds, learned = time.process_time() - start, trunk.get_weights()
    model = compiled(classifier(trunk, n_classes), discrete=True, rate=TUNING_RATE, steps=TUNING_STEPS)
    head = model.get_weights()[len(learned) :]
    print(f"  {tokens.content.shape}, loss {loss:.3f}, {seconds:.0f} CPU seconds", file=sys.stderr)
    found: dict[str, dict] = {"masked": {}, "scratch": {}}
    for (share, seed), rows in chosen.items():
        keras.utils.set_random_seed(100 + seed)
        for name, weights in {"masked": learned, "scratch": transformer(tokens).get_weights()}.items():
            fine_tune(model, weights + head, tokens[rows], data.labels[rows], seed)
            found[name][share, seed] = accuracy(model, tokens[score], data.labels[score])
    return found


def default(data: Data, train: np.ndarray, score: np.ndarray, chosen: dict) -> dict:
    """Accuracy of the linear classifier on what the modality's default encoder gives."""
    encoder = encoders.learn(
        data.kind, data.payload[train], Pretrain.model_construct(**PRETRAIN), portable=False, threads=2
    )
    model = Model(encoder.onnx, linear_head.FEATURES, portable=False, threads=2)
    n_classes, found = int(data.labels.max()) + 1, {}

    def features(rows: np.ndarray) -> np.ndarray:
        return linear_head.gather(map(model, np.array_split(data.payload[rows], -(-len(rows) // 500))))

    scored = features(score)
    for key, rows in chosen.items():
        head = linear_head.fit(features(rows), data.labels[rows], np.ones(len(rows)), n_classes)
        found[key] = float(np.mean(head.logits(scored).argmax(axis=1) == data.labels[score]))
    return found


PRETRAIN = {
    "encoder": None, "method": "auto", "patches": "auto", "coarse_patches": "auto", "mirror": "auto", "epochs": 12,
    "steps": 800, "seed": 0,
}  # fmt: skip


def main() -> None:
    names = [name for name in sys.argv[1:] if name in DATA] or list(DATA)
    validating = "validation" in sys.argv
    steps = int(next(filter(str.isdecimal, sys.argv[1:]), STEPS))
    print(
        f"# {machine()}, {keras.backend.backend()}{', validation' * validating}; {steps:,} steps of masked modelling\n"
    )
    row("data", "labels", "masked", "from scratch", "default encoder, linear")
    row(*["---"] * 5)
    for name in names:
        title, load = DATA[name]
        data = load()
        train, score = np.flatnonzero(~data.test), np.flatnonzero(data.test)
        score = np.random.default_rng(0).permutation(score)[:TESTED]
        if validating:
            score, train = np.split(np.random.default_rng(1).permutation(train), [len(train) // 5])
        chosen = {(share, seed): labelled(data.labels, train, share, seed) for share in SHARES for seed in range(SEEDS)}
        start = time.process_time()
        found = masked(data, train, score, chosen, steps) | {"default": default(data, train, score, chosen)}
        print(f"  {time.process_time() - start:.0f} CPU seconds in all", file=sys.stderr)
        for share in SHARES:
            cells = [[each[share, seed] for seed in range(SEEDS)] for each in found.values()]
            shown = [f"{mean(each):.3f} ({', '.join(f'{one:.3f}' for one in each)})" for each in cells]
            row(title, len(chosen[share, 0]), *shown)


if __name__ == "__main__":
    main()
