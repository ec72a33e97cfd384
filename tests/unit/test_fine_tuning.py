"""That a pretrained graph learns on in Keras: the same numbers as ONNX Runtime, before and after."""

import numpy as np
import onnx
import pytest

from assay.contract.errors import InputError
from assay.contract.inference import Model
from assay.encoders import bert
from assay.training import onnx_graph
from tests.support import tiny_bert

pytestmark = pytest.mark.slow
HOW = {"portable": True, "threads": 1}
TEXTS = np.array(["where is my card?", "", "card", "is my " * 40], object)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("bert")
    tiny_bert.save(folder, ["where", "is", "my", "card", "?"])
    return bert.encoder_graph(folder)


@pytest.fixture(scope="module")
def learned(content: bytes) -> dict[int, tuple]:
    """What `learned_on` gives, by rank."""
    from assay.training import fitting

    given = {}
    for rank in (0, 2):
        fitting.fix(0, **HOW)
        given[rank] = learned_on(content, rank)
    return given


def learned_on(content: bytes, rank: int) -> tuple:
    """The encoder before and after it learned that the texts are all different; and what it gives by then."""
    import keras

    from assay.training import fine_tuning, fitting

    encoder = fine_tuning.GraphEncoder(content, rank, **HOW)
    network = keras.Model(encoder.payload, encoder(encoder.payload))
    tokens = encoder.prepare(TEXTS)
    assert np.allclose(network(tokens), Model(content, **HOW)(TEXTS), atol=1e-5)
    model = keras.Model(encoder.payload, keras.layers.Dense(4)(network.output))
    model.compile(keras.optimizers.Adam(0.01), fitting.CROSS_ENTROPY)
    before = model.evaluate(tokens, np.arange(4), verbose=0)
    model.fit(tokens, np.arange(4), epochs=20, verbose=0)
    assert model.evaluate(tokens, np.arange(4), verbose=0) < before
    return encoder, keras.ops.convert_to_numpy(network(tokens))


@pytest.mark.parametrize("rank", [0, 2])
def test_what_was_learned_goes_back_into_the_graph(
    content: bytes, learned: dict[int, tuple], rank: int
) -> None:
    encoder, after = learned[rank]
    given = Model(encoder.trained_graph(), **HOW)(TEXTS)
    assert np.allclose(given, after, atol=1e-5)
    assert not np.allclose(given, Model(content, **HOW)(TEXTS), atol=1e-3)


def test_lora_adds_differences_of_low_rank_to_what_is_multiplied_by(
    content: bytes, learned: dict[int, tuple]
) -> None:
    encoder, _ = learned[2]
    before, after = (
        {
            each.name: onnx.numpy_helper.to_array(each)
            for each in onnx.load_from_string(model).graph.initializer
        }
        for model in (content, encoder.trained_graph())
    )
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {
        name for name in before if name.endswith(".weight") and "LayerNorm" not in name
    } - {name for name in before if name.startswith("embeddings.")}
    ranks = {
        np.linalg.matrix_rank(after[name].astype(float) - before[name], tol=1e-5)
        for name in changed
    }
    assert ranks == {2}


def test_another_graph_is_refused() -> None:
    from assay.training import fine_tuning

    content = onnx_graph.identity(onnx.TensorProto.FLOAT, [3])
    with pytest.raises(InputError, match="an ONNX file cannot be trained: use frozen"):
        fine_tuning.GraphEncoder(content, 0, **HOW)


@pytest.mark.parametrize("rank", [0, 2])
def test_it_learns_beside_a_network_in_bfloat16(content: bytes, rank: int) -> None:
    from assay.training import fitting

    fitting.fix(0, portable=False, threads=1, bfloat16=True)
    learned_on(content, rank)
