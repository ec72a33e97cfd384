"""ONNX Runtime: the one way in which a trained model is run, from embedding to serving."""

from collections.abc import Iterable
from pathlib import Path
from threading import Timer

import numpy as np
import onnxruntime

from assay.contract.errors import InputError

_FATAL = 4  # of ONNX Runtime's levels of messages
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
        If ONNX Runtime cannot run the model; later, if it fails on a payload.
    """

    def __init__(
        self, path: Path | bytes, output: str = "", *, portable: bool, threads: int
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL  # an error is raised; it need not be printed too
        levels = onnxruntime.GraphOptimizationLevel
        level = levels.ORT_ENABLE_EXTENDED if portable else levels.ORT_ENABLE_ALL
        options.graph_optimization_level = level
        if isinstance(path, Path):
            path.stat()  # raises where the file is missing
        providers = ["CPUExecutionProvider"]
        self.name = path if isinstance(path, Path) else "its graph"
        self.tokenizer = None
        try:
            self.session = onnxruntime.InferenceSession(path, options, providers=providers)
            tokenizer_json = self.session.get_modelmeta().custom_metadata_map.get(TOKENIZER)
            if tokenizer_json:
                from tokenizers import Tokenizer  # few models need it

                self.tokenizer = Tokenizer.from_str(tokenizer_json)
        except Exception as error:  # its own classes share no base class
            raise InputError(f"{self.name} cannot be run by ONNX Runtime: {error}") from None
        inputs = [node.name for node in self.session.get_inputs()]
        outputs = [node.name for node in self.session.get_outputs()]
        if not inputs:
            raise InputError(f"{self.name} is a model without input")
        self.input = inputs[0]
        self.output = output if output in outputs else outputs[0]

    def __call__(
        self, payload: np.ndarray, options: onnxruntime.RunOptions | None = None
    ) -> np.ndarray:
        """The output for payloads (n, ...)."""
        prepared = self.prepared(payload)
        try:
            return self.session.run([self.output], {self.input: prepared}, options)[0]
        except Exception as error:
            raise InputError(f"{self.name} fails on these examples: {error}") from None

    def try_out(self, payload: np.ndarray, seconds: float) -> np.ndarray:
        """The same, but raise if it takes longer: a graph from elsewhere may loop for ever."""
        options = onnxruntime.RunOptions()
        timer = Timer(seconds, setattr, (options, "terminate", True))
        timer.start()
        try:
            return self(payload, options)
        except InputError:
            if options.terminate:
                raise InputError(f"{self.name} takes more than {seconds:.0f} s") from None
            raise
        finally:
            timer.cancel()

    def prepared(self, payload: np.ndarray) -> np.ndarray:
        """The input of the graph: the tokens of texts, (n, tokens) int64; else the payload."""
        if self.tokenizer is None:
            return payload
        return np.array([encoding.ids for encoding in self.tokenizer.encode_batch(list(payload))])

    def over(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """The results for all blocks, concatenated."""
        return np.concatenate([self(block) for block in blocks])
