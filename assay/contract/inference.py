"""ONNX Runtime: the one way in which a trained model is run, from embedding to serving."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnxruntime

from assay.contract.errors import InputError

TOKENIZER = "tokenizer"  # key of a graph's metadata; its value is a tokenizer.json


class Model:
    """An ONNX model with one input and one output; it takes texts if it holds a tokenizer.

    Parameters
    ----------
    path : the file, or its content
    output : the name of the wanted output; if the model has no such output, its first is used
    portable : use only graph optimisations whose results do not depend on the processor
    threads : of one prediction

    Raises
    ------
    InputError
        If ONNX Runtime cannot run the model.
    """

    def __init__(
        self, path: Path | bytes, output: str = "", *, portable: bool, threads: int
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        levels = onnxruntime.GraphOptimizationLevel
        level = levels.ORT_ENABLE_EXTENDED if portable else levels.ORT_ENABLE_ALL
        options.graph_optimization_level = level
        if isinstance(path, Path):
            path.stat()  # raises where the file is missing
        providers = ["CPUExecutionProvider"]
        try:
            self.session = onnxruntime.InferenceSession(path, options, providers=providers)
        except Exception as error:  # its own classes share no base class
            name = path if isinstance(path, Path) else "what was made"
            raise InputError(f"{name} is not a model that ONNX Runtime can run: {error}") from None
        self.input = self.session.get_inputs()[0].name
        self.outputs = [node.name for node in self.session.get_outputs()]
        self.output = output if output in self.outputs else self.outputs[0]
        self.tokenizer = None
        tokenizer_json = self.session.get_modelmeta().custom_metadata_map.get(TOKENIZER)
        if tokenizer_json:
            from tokenizers import Tokenizer  # few models need it

            self.tokenizer = Tokenizer.from_str(tokenizer_json)

    def __call__(self, payload: np.ndarray) -> np.ndarray:
        return self.session.run([self.output], {self.input: self.prepared(payload)})[0]

    def prepared(self, payload: np.ndarray) -> np.ndarray:
        """The input of the graph: the tokens of texts, (n, tokens) int64; else the payload."""
        if self.tokenizer is None:
            return payload
        return np.array([encoding.ids for encoding in self.tokenizer.encode_batch(list(payload))])

    def over(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """The results for all blocks, concatenated."""
        return np.concatenate([self(block) for block in blocks])
