"""Settings that must be made before numpy, TensorFlow or ONNX load, for the same bytes everywhere.

`portable: true` in params.yaml gives equal outputs on processors with and without AVX-512. It costs
time in matrix products, and more in training; `portable: false` is native speed. Threads are a
parameter because another thread count changes rounding, and so the output bytes. More in
docs/reproducibility.md.
"""

import os
import sys

from assay.contract import edited_inputs, errors, parameters, terminal

_PORTABLE = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}


class _NoPandas:
    """Hides pandas from pyarrow, which imports it without need: 0.25 s of CPU for each process."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ImportError(name)


def prepare() -> None:
    """Prepare this process for a stage; call it before the first import of numpy."""
    terminal.prepare()
    errors.check_at_end(edited_inputs.check)
    fix_arithmetic()
    stage = os.environ.get("DVC_STAGE", "")
    # a stage of one batch does not use pandas, nor does the report
    if "@" in stage or stage == "report":
        sys.meta_path.insert(0, _NoPandas())


def fix_arithmetic() -> None:
    """Set the environment of this process; call it before the first import of numpy.

    Where numpy is imported already, nothing is done: this is then no run of a stage.
    """
    if "numpy" in sys.modules:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    for name in [*_PORTABLE, "OPENBLAS_L2_SIZE"]:
        os.environ.pop(name, None)  # a machine's own setting would change bytes
    params = parameters.load()
    if params.portable:
        os.environ |= _PORTABLE
    # Products of numpy change with the thread count; those of TensorFlow (float64) and ONNX do not.
    os.environ["OPENBLAS_NUM_THREADS"] = "1" if params.portable else str(params.threads)
    os.environ["OMP_NUM_THREADS"] = str(params.threads)
