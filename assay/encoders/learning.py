"""Learn an encoder. It turns each example into a vector, and labels are judged by these vectors."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from assay.contract import files, paths
from assay.contract.errors import InputError, quiet
from assay.contract.inference import Model
from assay.contract.parquet_files import Format
from assay.contract.sections import Pretrain
from assay.encoders import adapters, bert_folder, inputs, patches, windows
from assay.modalities import images, registry
from assay.training import onnx_graph

_ROWS = 1024  # payloads that become tokens at a time
_TRIED = 2  # payloads that an encoder from elsewhere must embed before it is written
_FINE_GREY, _FINE_COLOUR = 64, 128  # filters at full resolution
_DENSE = 48  # pixels; if a photograph's shorter side has more, filters skip every second position
_WIDE = 2048  # columns of a table above which training a network would take too long
_COARSE = 128  # more filters at half the resolution, for colour


@dataclass
class Encoder:
    """A learned encoder.

    Attributes
    ----------
    method : how it was learned, for people
    onnx : the graph from `payload` to `embedding`
    front : the graph from `payload` to the input of a network
    weights : of the network or the filters, by name
    tokens : see `transformer.encoder`; empty if the network is no Transformer
    start : where training starts by default: from these weights (`encoder`), from random ones
        (`scratch`), or with a linear classifier on the embedding (`frozen`)
    elsewhere : whether the encoder was learned elsewhere
    """

    method: str
    onnx: bytes
    front: bytes
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    tokens: dict = field(default_factory=dict)
    start: str = "scratch"
    elsewhere: bool = False


def learn(payload_format: Format, payload: np.ndarray, params: Pretrain, **runtime: Any) -> Encoder:
    """An encoder of payloads, by the method that the parameters name.

    Parameters
    ----------
    payload_format : modality, shape and more, see `parquet_files`
    payload : (n, ...)
    params : the section `pretrain`
    runtime : `portable` and `threads`, see `inference.Model`

    Raises
    ------
    InputError
        If the method is not for this modality, or an encoder from elsewhere cannot be used.
    """
    if params.windows > 1:
        return _of_windows(payload_format, payload, params, **runtime)
    if params.encoder:
        return _from_elsewhere(params.encoder, payload_format, payload, **runtime)
    modality = payload_format["modality"]
    of_modality = inputs.OF_MODALITY[modality]
    method = params.method if params.method != "auto" else of_modality.methods[0]
    if method not in of_modality.methods:
        not_for = f"is not for the modality {modality}"
        use = f"use {' or '.join(of_modality.methods)}; auto takes the first"
        raise InputError(f"params.yaml: pretrain.method: {method} {not_for}: {use}")
    if method == "transformer":
        front, tokens = of_modality.tokens(payload_format, payload)
    else:
        front = of_modality.front(payload_format, payload)
        tokens = {}
    untrained = Encoder(method, front, front, tokens=tokens)
    if method in ("ngrams", "columns"):
        no_network = method == "ngrams" or payload_format["shape"][0] > _WIDE
        return replace(untrained, start="frozen" if no_network else "scratch")
    if method == "patches":
        return _patches(untrained, Model(front, **runtime)(payload), params)
    return _trained(untrained, payload_format, payload, params, **runtime)


def _from_elsewhere(
    name: str, payload_format: Format, payload: np.ndarray, **runtime: Any
) -> Encoder:
    """A pretrained encoder by its name, tried out. Raise InputError if it cannot be used."""
    path = _pretrained(name)
    graph = adapters.adapt(path, payload_format, **runtime)
    adapters.try_out(path, graph, payload[:_TRIED], **runtime)
    file = path / bert_folder.WEIGHTS if path.is_dir() else path
    method = f"pretrained: {name}, MD5 {files.md5(file)}"
    front = inputs.OF_MODALITY[payload_format["modality"]].front(payload_format, payload)
    return Encoder(method, graph, front, start="frozen", elsewhere=True)


def _trained(
    untrained: Encoder,
    payload_format: Format,
    payload: np.ndarray,
    params: Pretrain,
    **runtime: Any,
) -> Encoder:
    """A network that learned from the output of the front, by `transformer` or `vicreg`."""
    tokens = untrained.tokens
    prepare = Model(untrained.front, **runtime)
    with quiet():  # TensorFlow prints a greeting
        from assay.encoders import self_supervised
        from assay.training import fitting, onnx_export, trainable, transformer

    fitting.fix(params.seed, **runtime)
    length = {"epochs": params.epochs, "steps": params.steps, "seed": params.seed}
    if tokens:
        blocks = np.array_split(payload, -(-len(payload) // _ROWS))
        trunk = transformer.learn(prepare.over(blocks), tokens, **length)
    else:
        view = registry.named(payload_format["modality"]).view
        trunk = self_supervised.learn(prepare, payload, view, **length)
    shape = trunk.input.shape[1:]
    network, arrays = onnx_export.export_encoder(trunk, lambda: trainable.trunk(shape, tokens))
    weights = {f"{number:03}": array for number, array in enumerate(arrays)}
    graph = onnx_graph.joined(untrained.front, network)
    return replace(untrained, onnx=graph, weights=weights, start="encoder")


def _of_windows(
    payload_format: Format, payload: np.ndarray, params: Pretrain, **runtime: Any
) -> Encoder:
    """The encoder that averages over the windows of an example.

    It learns from all windows of each sound, but from only the first window of each text. Networks
    that are trained on labels read the output of the front, not the windows.

    Raises
    ------
    InputError
        If these examples, or the input of this encoder, cannot be cut into so many windows.
    """
    modality = payload_format["modality"]
    count = params.windows
    without_windows = params.model_copy(update={"windows": 1})
    setting = f"params.yaml: pretrain.windows: {count}"
    if modality == "audio":
        (samples,) = payload_format["shape"]
        size = windows.length(samples, count)
        if size < windows.SHORTEST * payload_format["sample_rate"]:
            short = f"windows of sounds would be shorter than {windows.SHORTEST} s"
            raise InputError(f"{setting}: {short}: use fewer")
        window_format = payload_format | {"shape": [size]}
        cut = windows.of_sounds(payload, count)  # (n * windows, samples)
        learned = learn(window_format, cut, without_windows, **runtime)
        graph = windows.sound_encoder(learned.onnx, samples, count)
        front = inputs.OF_MODALITY[modality].front(payload_format, payload)
        return replace(learned, onnx=graph, front=front, weights={}, tokens={}, start="frozen")
    if modality != "text":
        such = f"not for the modality {modality}"
        raise InputError(f"{setting}: windows are for sounds and texts, {such}: use 1")
    learned = learn(payload_format, payload, without_windows, **runtime)
    if Model(learned.onnx, **runtime).tokenizer is None:
        raise InputError(f"{setting}: {learned.method} reads whole texts: use 1")
    return replace(learned, onnx=windows.text_encoder(learned.onnx, count), start="frozen")


def _pretrained(name: str) -> Path:
    """The path of an encoder from elsewhere. Raise if it is neither there nor tracked by DVC.

    A tracked one can be pulled. Raise also if the path, or a file in it, is a link to another
    folder. Only links into DVC's cache are allowed: there the MD5 of a file is its path.
    """
    path = paths.PRETRAINED / name
    is_tracked = path.with_name(f"{path.name}.dvc").exists()
    if not (is_tracked or path.exists() or path.is_symlink()):
        why = "a copy of the project, as in `dvc exp run --queue`, has only what git and DVC keep"
        track = f"`dvc add {path}` and `git add {path.parent}`"
        raise InputError(f"{path} is missing: put it there and type {track}: {why}")
    for file in [path, *path.glob("*")]:
        target = file.resolve()
        if target.is_relative_to(paths.PRETRAINED.resolve()):
            continue
        *_, folder, name_there = target.parts
        if not target.is_file() or files.md5(target) != folder + name_there:
            raise InputError(f"{file} is a link to {target}: put the file itself there")
    return path


def _patches(untrained: Encoder, pictures: np.ndarray, params: Pretrain) -> Encoder:
    """An encoder of pictures (n, height, width, channels), by filters at one scale or two.

    `auto` treats colour images as photographs. The mirror image of a photograph is one too.
    """
    shape = pictures.shape[1:]
    photographs = shape[2] == images.COLOUR
    fine, coarse, mirror = params.patches, params.coarse_patches, params.mirror
    if fine == "auto":
        fine = _FINE_COLOUR if photographs else _FINE_GREY
    if coarse == "auto":
        coarse = _COARSE if photographs else 0
    if mirror == "auto":
        mirror = photographs
    small = patches.reduced(pictures, patches.reduction(shape))
    # in a photograph that is still large, every second position is enough
    stride = 2 if photographs and min(small.shape[1:3]) > _DENSE else 1
    banks = [patches.learn(small, fine, params.seed, stride=stride)]
    if coarse:
        banks.append(patches.learn(small, coarse, params.seed, halvings=1))
    weights: dict[str, np.ndarray] = {}
    for scale, bank in enumerate(banks):
        weights |= {f"filters_{scale}": bank.filters, f"offset_{scale}": bank.offset}
    network = patches.encoder_graph(banks, shape, mirror=mirror)
    graph = onnx_graph.joined(untrained.front, network)
    return replace(untrained, onnx=graph, weights=weights)
