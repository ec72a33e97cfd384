"""Run a model with ONNX Runtime. Embedding, evaluation and serving all use this module."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import numpy as np
import onnxruntime

from assay.contract import graph_memory
from assay.contract.errors import InputError, quiet
from assay.contract.memory import check as check_memory

_FATAL = 4  # the highest log level of ONNX Runtime
# Keys of a graph's metadata.
TOKENIZER = "tokenizer"  # the content of a tokenizer.json
WINDOWS = "windows"  # the most windows of a text; without this key, a text is not cut into windows
UNLIKE = "unlike"  # output: how unlike the training data a payload is; older models lack it
# Bytes that a graph takes at a time. They do not depend on `memory` in params.yaml: the number of
# rows changes the last digits of a matrix product.
_AT_ONCE = 2**28
_OF_CHARACTER = 150  # bytes that a graph takes for a character of a text, about
# The memory of small payloads in small graphs is not measured: all that are read at a time fit into
# `_AT_ONCE`.
_SMALL_PAYLOAD = 2**12  # bytes
_SMALL_GRAPH = 2**21


@contextmanager
def panics_raised() -> Iterator[None]:
    """Raise InputError if a Rust library, such as tokenizers, panics: a panic is no Exception.

    What it prints about the panic is hidden.
    """
    with quiet():
        try:
            yield
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # each library has its own class
                raise
            raise InputError(str(error)) from None


class Model:
    """An ONNX model with one input; it takes texts if it holds a tokenizer.

    Parameters
    ----------
    path : the file, or its content
    output : the name of the wanted output; if the model has no such output, its first is used
    portable : use only graph optimisations that give equal results on all processors
    threads : the number of threads of one prediction
    memory : bytes that one payload may take; None: no limit

    Raises
    ------
    InputError
        If ONNX Runtime cannot run the model. Later, if the model fails on a payload, or if a
        payload would take more than `memory`.
    """

    def __init__(
        self,
        path: Path | bytes,
        output: str = "",
        *,
        portable: bool,
        threads: int,
        memory: int | None = None,
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL  # an error is raised, so it is not printed as well
        levels = onnxruntime.GraphOptimizationLevel
        level = levels.ORT_ENABLE_EXTENDED if portable else levels.ORT_ENABLE_ALL
        options.graph_optimization_level = level
        size = path.stat().st_size if isinstance(path, Path) else len(path)
        self.is_small = size <= _SMALL_GRAPH
        self.path = path
        self.memory = memory
        self._known_sizes: dict[tuple[int, ...], int] = {}
        self.name = path if isinstance(path, Path) else "its graph"
        self.tokenizer = None
        self.longest = self.windows = 0  # the most tokens of a text, or of each of its windows
        try:
            self.session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
            metadata = self.session.get_modelmeta().custom_metadata_map
            if metadata.get(TOKENIZER):
                from tokenizers import Tokenizer  # few models need it

                with panics_raised():
                    self.tokenizer = Tokenizer.from_str(metadata[TOKENIZER])
                self.longest = (self.tokenizer.truncation or {}).get("max_length", 0)
                self.windows = int(metadata.get(WINDOWS, 0))
        except Exception as error:  # the errors of ONNX Runtime have no common base class
            raise InputError(f"{self.name} cannot be run by ONNX Runtime: {error}") from None
        inputs = [node.name for node in self.session.get_inputs()]
        self.outputs = [node.name for node in self.session.get_outputs()]
        if not inputs:
            raise InputError(f"{self.name} is a model without input")
        self.input = inputs[0]
        self.output = output if output in self.outputs else self.outputs[0]

    def __call__(
        self, payload: np.ndarray, options: onnxruntime.RunOptions | None = None
    ) -> np.ndarray:
        """The output for payloads (n, ...). They are cut into parts if they take much memory."""
        return self.several([self.output], payload, options)[0]

    def several(
        self, names: list[str], payload: np.ndarray, options: onnxruntime.RunOptions | None = None
    ) -> list[np.ndarray]:
        """The outputs with these names; `__call__` gives only one."""
        results = []  # (parts, outputs)
        for part in self._parts(payload):
            try:
                inputs = {self.input: self.prepared(part)}
                results.append(self.session.run(names, inputs, options))
            except Exception as error:
                raise InputError(f"{self.name} fails on these examples: {error}") from None
        if len(results) == 1:
            return results[0]
        return [np.concatenate(parts) for parts in zip(*results, strict=True)]

    def _parts(self, payload: np.ndarray) -> Iterator[np.ndarray]:
        """Payloads (n, ...), cut into parts if the graph would take too much memory for all."""
        start = 0
        largest = 0  # bytes of the largest payload: a graph pads texts to the longest one
        for row, size in enumerate(self._sizes(payload)):
            if self.memory is not None:
                check_memory(size, self.memory, f"for {self.name}, an example")
            largest = max(largest, size)
            if row > start and (row + 1 - start) * largest > _AT_ONCE:
                yield payload[start:row]
                start = row
                largest = size
        yield payload[start:]

    def _sizes(self, payload: np.ndarray) -> list[int]:
        """The bytes that the graph takes for each payload (n, ...), about.

        The list is empty if all payloads are small, so that nothing is cut.
        """
        if payload.dtype == object and self.tokenizer is None:
            return [len(text) * _OF_CHARACTER for text in payload]
        if self.windows:
            of_window = self.bytes_of_example(payload.shape[1:])
            return [of_window * self._windows(text) for text in payload]
        if payload[:1].nbytes <= _SMALL_PAYLOAD and self.is_small:
            return []
        return [self.bytes_of_example(payload.shape[1:])] * len(payload)

    def _windows(self, text: str) -> int:
        """At most so many windows has a text, about: a token has at least one character."""
        special = self.tokenizer.num_special_tokens_to_add(is_pair=False) if self.tokenizer else 0
        return min(self.windows, 1 + len(text) // max(1, self.longest - special))

    def bytes_of_example(self, shape: tuple[int, ...]) -> int:
        """The bytes that the graph takes for one payload of this shape or one window, about."""
        if self.longest:
            shape = (1, self.longest) if self.windows else (self.longest,)
        if shape not in self._known_sizes:
            content = self.path if isinstance(self.path, bytes) else self.path.read_bytes()
            self._known_sizes[shape] = graph_memory.bytes_of_example(content, shape)
        return self._known_sizes[shape]

    def try_out(self, payload: np.ndarray, seconds: float) -> np.ndarray:
        """The output, as `__call__`. Raises InputError after `seconds`: a graph may never end."""
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
        """The input of the graph: the payload, or the tokens of texts.

        Tokens are int64, (n, tokens), or (n, windows, tokens) if the graph averages over windows.
        """
        if self.tokenizer is None:
            return payload
        with panics_raised():
            encodings = self.tokenizer.encode_batch(list(payload))
        if not self.windows:
            return np.array([encoding.ids for encoding in encodings])
        windows_of_text = [
            [window.ids for window in (encoding, *encoding.overflowing[: self.windows - 1])]
            for encoding in encodings
        ]
        most = max(map(len, windows_of_text))
        padding = (self.tokenizer.padding or {}).get("pad_id", 0)
        blank = [padding] * len(windows_of_text[0][0])
        filled = [windows + [blank] * (most - len(windows)) for windows in windows_of_text]
        return np.array(filled, np.int64)

    def over(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """The results for all blocks, concatenated."""
        return np.concatenate([self(block) for block in blocks])
