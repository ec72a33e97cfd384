"""ONNX Runtime: the one way in which a model is run after it was trained, from embedding to serving."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnxruntime

from assay.contract.errors import InputError

TOKENIZER = "tokenizer"  # the key of a graph's metadata under which a tokenizer.json may stand


class Model:
    """A model from an ONNX file, which takes one array and gives one; texts where a tokenizer stands in its metadata.

    Parameters
    ----------
    path : the file, or what is in it
    output : the name of what it gives; the first output where there is none of that name
    portable : use only graph optimisations whose results do not depend on the processor
    threads : of one prediction
    """

    def __init__(
        self, path: Path | bytes, output: str = "", *, portable: bool, threads: int
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        level = onnxruntime.GraphOptimizationLevel
        options.graph_optimization_level = (
            level.ORT_ENABLE_EXTENDED if portable else level.ORT_ENABLE_ALL
        )
        if isinstance(path, Path):
            path.stat()  # raises where the file is missing
        try:
            self.session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its own classes share no base class
            name = path if isinstance(path, Path) else "what was made"
            raise InputError(f"{name} is not a model that ONNX Runtime can run: {error}") from None
        self.input = self.session.get_inputs()[0].name
        self.outputs = [each.name for each in self.session.get_outputs()]
        self.output = output if output in self.outputs else self.outputs[0]
        self.tokenizer, said = None, self.session.get_modelmeta().custom_metadata_map.get(TOKENIZER)
        if said:
            from tokenizers import Tokenizer  # for those who have such a model

            self.tokenizer = Tokenizer.from_str(said)

    def __call__(self, payload: np.ndarray) -> np.ndarray:
        return self.session.run([self.output], {self.input: self.prepared(payload)})[0]

    def prepared(self, payload: np.ndarray) -> np.ndarray:
        """What the graph itself takes: of texts their tokens (n, tokens) int64, all else as it is."""
        if self.tokenizer:
            return np.array([each.ids for each in self.tokenizer.encode_batch(list(payload))])
        return payload

    def over(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """The results for all blocks, one below the other."""
        return np.concatenate([self(block) for block in blocks])
