import numpy as np
import pytest

from promic_nb.datasets.phantom import slice_and_mask, write_phantom


def test_equal_seeds_give_equal_slices_and_others_do_not():
    a, b, c = (slice_and_mask(np.random.default_rng(s), (128, 128)) for s in (1, 1, 2))
    assert (a[0] == b[0]).all() and (a[1] == b[1]).all()
    assert (a[0] != c[0]).any()


def test_mitochondria_are_darker_than_cytoplasm():
    image, mask = slice_and_mask(np.random.default_rng(0))
    assert image[mask].mean() < image[~mask].mean() - 20
    assert 0.02 < mask.mean() < 0.4


def test_writing_twice_keeps_the_files(tmp_path):
    root = write_phantom(tmp_path / "p", counts={"Train": 1, "Test": 1}, size=(64, 64))
    stamp = (root / "Train_In" / "mask0000.png").stat().st_mtime_ns
    write_phantom(tmp_path / "p", counts={"Train": 1, "Test": 1}, size=(64, 64))
    assert (root / "Train_In" / "mask0000.png").stat().st_mtime_ns == stamp


def test_a_killed_generation_leaves_no_stack(tmp_path, monkeypatch):
    calls = iter([None, KeyboardInterrupt()])

    def die(rng, size):
        if (outcome := next(calls)) is not None:
            raise outcome
        return np.zeros(size, np.uint8), np.zeros(size, bool)

    monkeypatch.setattr("promic_nb.datasets.phantom.slice_and_mask", die)
    with pytest.raises(KeyboardInterrupt):
        write_phantom(tmp_path / "p", counts={"Train": 2, "Test": 1}, size=(64, 64))
    assert not (tmp_path / "p").exists()
