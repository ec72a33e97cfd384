"""Settings for equal outputs on all machines. They are made before numpy or TensorFlow loads.

`portable: true` in params.yaml gives equal outputs on processors with and without AVX-512. It makes
matrix products slower, and training even more; `portable: false` uses the full speed. The number of
threads is a parameter because it changes rounding, and so the output bytes. See also
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
    """Hides pandas. Pyarrow would import it without need: 0.25 s of CPU time in each process."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ImportError(name)


def prepare() -> None:
    """Prepare this process for a stage; call it before the first import of numpy."""
    terminal.prepare()
    errors.check_at_end(edited_inputs.check)
    fix_arithmetic()
    stage = os.environ.get("DVC_STAGE", "")
    # the stages of one batch and the report do not use pandas
    if "@" in stage or stage == "report":
        sys.meta_path.insert(0, _NoPandas())


def fix_arithmetic() -> None:
    """Set the environment of this process; call it before the first import of numpy.

    It does nothing if numpy is already imported: then this process does not run a stage.
    """
    if "numpy" in sys.modules:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    for name in [*_PORTABLE, "OPENBLAS_L2_SIZE"]:
        os.environ.pop(name, None)  # a setting of the machine would change output bytes
    params = parameters.load()
    if params.portable:
        os.environ |= _PORTABLE
    # The thread count changes matrix products of numpy, but not of TensorFlow (float64) and ONNX.
    os.environ["OPENBLAS_NUM_THREADS"] = "1" if params.portable else str(params.threads)
    os.environ["OMP_NUM_THREADS"] = str(params.threads)
