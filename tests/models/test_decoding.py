"""Operations counted while real bitstreams are decoded, against counts from shapes."""

import numpy as np
import pytest

from promic_nb.codecs.learned import JPEGAI_BOP_OFF
from promic_nb.datasets.phantom import slice_and_mask
from promic_nb.models.decoding import decoder_complexity, decoding_operations
from promic_nb.models.operations import latent_operations, synthesis_operations


@pytest.fixture(scope="module")
def image():
    return slice_and_mask(np.random.default_rng(0), (64, 128))[0]


@pytest.mark.parametrize("convention", ["paper", "true"])
def test_a_decoded_stream_takes_what_the_shapes_say(image, convention):
    codec = JPEGAI_BOP_OFF(beta=0.005)
    counted = decoding_operations(codec, codec.encode(image), convention)
    latent = latent_operations(64, 128, convention)
    assert counted["hyperprior"] == latent["hyperprior"]
    assert counted["context"] == latent["context"]
    synthesis = synthesis_operations(64, 128, "bop", convention)
    assert counted["synthesis"] == synthesis["luma synthesis"]


def test_the_table_has_a_row_for_each_setting_and_the_rate_differs(image):
    settings = {"bop": [{"beta": 0.005, "gain": -330}, {"beta": 0.02}], "hop": [{"beta": 0.02}]}
    table = decoder_complexity(image, settings)
    assert list(table.op) == ["bop", "bop", "hop"]
    assert list(table.gain) == [-330, 0, 0]
    bop, hop = table[table.op == "bop"], table[table.op == "hop"]
    assert bop.bpp.iloc[0] < bop.bpp.iloc[1]
    assert bop.gmac.std() == 0 and (table.gmac > table.gmac_true).all()
    assert hop.gmac.iloc[0] > bop.gmac.iloc[0]
