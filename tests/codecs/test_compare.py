"""Rates at equal PSNR."""

import numpy as np
import pandas as pd
import pytest

from promic_nb import codecs
from promic_nb.codecs.compare import curve, mean_bd_rate, rates_at, relative_rates

LEVELS = [20.0, 25.0, 30.0]


def table(factor: float, image: str = "a") -> pd.DataFrame:
    """A curve whose rate doubles every 5 dB, from 0.1 bpp at 20 dB, times a factor."""
    psnr = np.array([18.0, 23.0, 28.0, 33.0, 38.0])
    bpp = factor * 0.1 * 2 ** ((psnr - 20) / 5)
    return pd.DataFrame({"image": image, "setting": psnr, "bpp": bpp, "psnr_db": psnr})


def test_rates_are_interpolated_on_their_logarithm():
    assert rates_at(table(1), [20, 25, 39]).loc["a"].tolist() == pytest.approx(
        [0.1, 0.2, np.nan], nan_ok=True
    )


def test_a_setting_that_costs_more_and_gives_less_is_left_out():
    worse = pd.concat(
        [table(1), pd.DataFrame({"image": "a", "bpp": [0.3], "psnr_db": [20.0], "setting": [0]})]
    )
    pd.testing.assert_frame_equal(rates_at(worse, LEVELS), rates_at(table(1), LEVELS))


def test_relative_rates_are_geometric_means_over_the_images_that_both_reach():
    ours = pd.concat([table(2), table(0.5, "b")])
    reference = pd.concat([table(1), table(1, "b")])
    reference = reference[(reference.image == "a") | (reference.psnr_db < 28)]
    found = relative_rates(ours, reference, [20, 25, 60])
    assert found.psnr_db.tolist() == [20, 25] and found.images.tolist() == [2, 1]
    assert found.relative.tolist() == pytest.approx([1, 2])
    assert found.best.tolist() == pytest.approx([0.5, 2])
    assert found.worst.tolist() == pytest.approx([2, 2])
    assert found.bpp.tolist() == pytest.approx([(0.2 + 0.05) / 2, 0.4])


def test_bd_rate_of_mean_curves():
    ours = pd.concat([table(1.2), table(1.2, "b")])
    reference = pd.concat([table(1), table(1, "b")])
    assert mean_bd_rate(ours, reference) == pytest.approx(20, abs=0.5)
    assert np.isnan(mean_bd_rate(ours.iloc[:2], reference))


def test_a_curve_is_measured_on_real_streams():
    image = np.random.default_rng(0).integers(100, 150, (64, 80), dtype=np.uint8)
    found = curve("jpeg", [{"quality": 20}, {"quality": 90}], {"a": image}, progress=False)
    assert len(set(found.setting)) == 2 and found.bpp.is_monotonic_increasing
    codec = codecs.get("jpeg", quality=90)
    stream = codec.encode(image)
    assert found.bpp[1] == 8 * len(stream) / image.size
    expected = 10 * np.log10(255**2 / np.square(image - codec.decode(stream).astype(float)).mean())
    assert found.psnr_db[1] == pytest.approx(expected)
