"""The complete classic script for MNIST, as a tutorial has it. Prints its test accuracy.

python benchmarks/classic_mnist.py FOLDER SEED
"""

import gzip
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers


def read(name: str, offset: int) -> np.ndarray:
    return np.frombuffer(
        gzip.decompress((Path(sys.argv[1]) / name).read_bytes()), np.uint8, offset=offset
    )


keras.utils.set_random_seed(int(sys.argv[2]))
x_train, x_test = (
    read(f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1) / 255.0
    for part in ("train", "t10k")
)
y_train, y_test = (read(f"{part}-labels-idx1-ubyte.gz", 8) for part in ("train", "t10k"))
model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=32, epochs=5, verbose=0)
print(model.evaluate(x_test, y_test, verbose=0)[1])
