"""The same bytes on every machine: fix thread counts and instruction sets before numpy, TensorFlow or ONNX load.

`portable: true` in params.yaml is for equal outputs on processors with and without AVX-512, and costs time in matrix
products and more in training; `portable: false` is native speed. Threads are a parameter because their number changes
the last bits of sums. docs/reproducibility.md says what else is done.
"""

import os
import sys

from assay.contract import parameters

_PORTABLE = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}


class _NoPandas:
    """Hides pandas from pyarrow, which imports it for nothing: a second in each stage of one batch."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ImportError(name)


def prepare() -> None:
    """Prepare this process for a stage; call it before the first import of numpy."""
    fix_arithmetic()
    if "@" in os.environ.get("DVC_STAGE", ""):  # collect@<batch>, which has no use for pandas
        sys.meta_path.insert(0, _NoPandas())


def fix_arithmetic() -> None:
    """Set the environment of this process; call it before the first import of numpy.

    Does nothing where numpy is there already: then this is no stage run, but somebody who uses a stage's functions.
    """
    if "numpy" in sys.modules:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    for name in [*_PORTABLE, "OPENBLAS_L2_SIZE"]:
        os.environ.pop(name, None)  # a machine's own setting would change bytes
    params = parameters.load()
    if params.portable:
        os.environ |= _PORTABLE
    # numpy's matrix products are not bit-stable over thread counts; TensorFlow's float64 and ONNX Runtime's are
    os.environ["OPENBLAS_NUM_THREADS"] = "1" if params.portable else str(params.threads)
    os.environ["OMP_NUM_THREADS"] = str(params.threads)
