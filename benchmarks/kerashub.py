"""A KerasHub preset as an encoder for `pretrain.encoder`: a BERT as a folder, one of images or
sounds as an ONNX file.

pip install keras-hub==0.32.0 tensorflow-text==2.21.1
python -m benchmarks.kerashub PRESET models/pretrained/NAME    (a folder for a BERT, else NAME.onnx)

The preparation of the input is exported too: the tokenizer, the image converter's scale, Whisper's
spectrogram. At the end it prints how far the pipeline's embeddings are from KerasHub's own. Only
this script needs KerasHub.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from assay.contract import parameters
from assay.contract.inference import Model
from assay.encoders import adapters, bert_folder

try:
    import keras
    import keras_hub
    import tensorflow as tf
    from keras import ops
except ImportError as error:
    sys.exit(f"{error.name} is missing: install what the head of {__file__} says")

HOW = {"portable": True, "threads": 1}
SIDE = 224  # pixels, where neither the backbone nor the image converter says
TEXTS = np.array(["Where is my card?", "", "Wo ist, bitte, die Karte... 你好"], object)
HOP = 320  # samples of a place that Whisper's encoder gives
PARTS = [
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
]
PARTS += ["attention.output.LayerNorm", "output.LayerNorm", "intermediate.dense", "output.dense"]


def text(preset: str, backbone: keras.Model, folder: Path) -> tuple[dict, np.ndarray, np.ndarray]:
    """Write the folder that transformers would have."""
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    prepare = keras_hub.models.TextClassifierPreprocessor.from_preset(preset)
    own = prepare.tokenizer
    config = {
        "model_type": "bert",
        "hidden_act": "gelu_new",
        "hidden_size": backbone.hidden_dim,
        "num_attention_heads": backbone.num_heads,
        "num_hidden_layers": backbone.num_layers,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": prepare.sequence_length,
        "pad_token_id": own.pad_token_id,
    }
    named = {"embeddings.LayerNorm": backbone.get_layer("embeddings_layer_norm").get_weights()}
    for number in range(backbone.num_layers):
        arrays = backbone.get_layer(f"transformer_layer_{number}").get_weights()
        pairs = zip(PARTS, zip(arrays[::2], arrays[1::2], strict=True), strict=True)
        named |= {f"encoder.layer.{number}.{part}": pair for part, pair in pairs}
    weights = {
        f"embeddings.{transformers}_embeddings.weight": backbone.get_layer(
            f"{ours}_embedding"
        ).get_weights()[0]
        for transformers, ours in {
            "word": "token",
            "position": "position",
            "token_type": "segment",
        }.items()
    }
    for name, (weight, bias) in named.items():
        weights[f"{name}.weight"] = weight if weight.ndim == 1 else weight.reshape(-1, bias.size).T
        weights[f"{name}.bias"] = bias.ravel()
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: np.ascontiguousarray(array) for name, array in weights.items()},
        folder / bert_folder.WEIGHTS,
    )
    (folder / "config.json").write_text(json.dumps(config))
    words = {word: number for number, word in enumerate(own.vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(words, unk_token=own.oov_token))
    tokenizer.normalizer = normalizers.BertNormalizer(
        lowercase=own.lowercase, strip_accents=own.strip_accents
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = (own.sep_token, own.sep_token_id), (own.cls_token, own.cls_token_id)
    tokenizer.post_processor = processors.BertProcessing(*ends)
    tokenizer.save(str(folder / "tokenizer.json"))
    prepared = prepare(TEXTS.tolist())
    places = backbone.predict(prepared, verbose=0)["sequence_output"]
    real = np.array(prepared["padding_mask"], bool)
    rows = [
        [row[kept].mean(axis=0), row[kept].max(axis=0)]
        for row, kept in zip(places, real, strict=True)
    ]
    return {"modality": "text", "shape": []}, TEXTS, np.reshape(rows, [len(TEXTS), -1])


def image(preset: str, backbone: keras.Model, path: Path) -> tuple[dict, np.ndarray, np.ndarray]:
    """Pixels 0 to 255, which are scaled in the graph as the preset says."""
    converter = keras_hub.layers.ImageConverter.from_preset(preset)
    sides = backbone.input.shape[1:3]
    if None in sides:
        sides = converter.image_size or (SIDE, SIDE)
    pixels = keras.Input((*sides, 3), dtype="uint8")
    scale, offset = (
        converter.scale or 1.0,
        converter.offset or 0.0,
    )  # one number, or one for each channel
    scaled = ops.cast(pixels, "float32") * np.array(scale, np.float32) + np.array(
        offset, np.float32
    )
    shown = np.random.default_rng(0).integers(0, 256, (2, *sides, 3), np.uint8)
    export(keras.Model(pixels, backbone(scaled)), shown, path)
    places = backbone.predict(converter(shown), verbose=0)
    return (
        {"modality": "image", "shape": [*sides, 3]},
        shown,
        places.reshape(2, -1, places.shape[-1]).mean(axis=1),
    )


def sound(preset: str, backbone: keras.Model, path: Path) -> tuple[dict, np.ndarray, np.ndarray]:
    """Raw samples: Whisper hears its spectrogram of 30 s, of which the places where the sound lies
    are kept.
    """
    converter, collect = (
        keras_hub.layers.AudioConverter.from_preset(preset),
        parameters.load().collect,
    )
    if converter.sampling_rate != collect.sample_rate:
        sys.exit(f"params.yaml: collect.sample_rate: {preset} hears {converter.sampling_rate} Hz")
    if collect.seconds == "auto":
        sys.exit("params.yaml: collect.seconds: the file is for one length, so give a number")
    length = round(collect.seconds * collect.sample_rate)
    samples, output = keras.Input([length]), backbone.output["encoder_sequence_output"]
    if isinstance(backbone, keras_hub.models.WhisperBackbone):
        places = -(-length // HOP)
        trunk = keras.Model(backbone.input["encoder_features"], output[:, :places])
        encoder = keras.Model(samples, trunk(spectrogram(samples, converter)))
        heard = [converter]
    else:
        trunk = keras.Model(
            [backbone.input[f"encoder_{name}"] for name in ("input_values", "padding_mask")], output
        )
        encoder = keras.Model(samples, trunk([samples[..., None], ops.ones_like(samples, "bool")]))
        heard = [converter, lambda played: np.ones(played.shape, bool)]
    played = np.random.default_rng(0).normal(0, 2**12, (2, length)).astype(np.int16)
    loud = played / np.float32(2**15)
    export(encoder, loud, path)
    places = trunk.predict([each(loud) for each in heard], verbose=0)
    return {"modality": "audio", "shape": [length]}, played, places.mean(axis=1)


def spectrogram(samples: keras.KerasTensor, converter: keras.Layer) -> keras.KerasTensor:
    """Whisper's, in operations that ONNX has: a Fourier transform is a convolution."""
    window, bins = converter.num_fft_bins, np.arange(converter.num_fft_bins // 2 + 1)
    angles = 2 * np.pi * np.outer(np.arange(window), bins) / window
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    waves = (hann[:, None] * np.hstack([np.cos(angles), np.sin(angles)])).astype(np.float32)
    half, least = window // 2, 1e-10
    heard = ops.pad(samples, [(0, 0), (0, converter.num_samples - samples.shape[1])])
    x = ops.pad(heard, [(0, 0), (half, half)], mode="reflect")[..., None]
    parts = ops.conv(x, waves[:, None], strides=converter.stride)[
        :, :-1
    ]  # (n, frames, cosines and sines)
    power = ops.square(parts[..., : len(bins)]) + ops.square(parts[..., len(bins) :])
    mels = ops.log10(ops.maximum(ops.matmul(power, converter.mel_filters), least))
    return (ops.maximum(mels, ops.max(mels, axis=(1, 2), keepdims=True) - 8) + 4) / 4


def export(encoder: keras.Model, example: np.ndarray, path: Path) -> None:
    """Keras's own export, and what it leaves to do."""
    encoder(example)  # an export asks for a call before it
    tf.config.run_functions_eagerly(
        True
    )  # else convolutions in groups stay a function, which ONNX has not
    encoder.export(path, format="onnx", verbose=False)
    tf.config.run_functions_eagerly(False)
    model, nodes = onnx.load(path), []
    del model.graph.input[1:]  # constants of the network, which no node reads
    for node in model.graph.node:
        if node.op_type == "Erfc":  # of GELU, and not ONNX's: 1 - Erf
            one, error = (f"{node.output[0]}_{part}" for part in ("one", "erf"))
            nodes.append(helper.make_node("Constant", [], [one], value_float=1.0))
            nodes.append(helper.make_node("Erf", node.input, [error]))
            nodes.append(helper.make_node("Sub", [one, error], node.output))
        else:
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main() -> None:
    preset, path = sys.argv[1], Path(sys.argv[2])
    backbone = keras_hub.models.Backbone.from_preset(preset)
    name = type(backbone).__name__
    write = {"BertBackbone": text, "WhisperBackbone": sound, "MoonshineBackbone": sound}.get(
        name, image
    )
    kind, payload, expected = write(preset, backbone, path)
    given = Model(adapters.adapt(path, kind, **HOW), **HOW)(payload)
    given = given[:, -expected.shape[1] :]  # of a BERT the last layer
    apart = np.abs(given - expected).max() / np.abs(expected).max()
    print(f"{path}: {name}, at most {apart:.0e} of the largest number from what KerasHub gives")


if __name__ == "__main__":
    main()
