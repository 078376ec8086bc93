"""Weights in files: equal models are equal files, byte for byte."""

import torch

from promic_nb.models.weights import read_tensors, save_tensors


def test_equal_models_are_equal_files(tmp_path):
    """Whatever order the note's keys come in; and the file is still one that safetensors reads."""
    tensors = {"b": torch.arange(3.0), "a": torch.ones(2, 5)}
    note = {key: f'{{"{key}": "µ"}}' for key in ("config", "card", "translator", "more")}
    for i in range(8):
        save_tensors(tensors, tmp_path / f"{i}.safetensors", note)
    assert len({(tmp_path / f"{i}.safetensors").read_bytes() for i in range(8)}) == 1
    read, read_note = read_tensors(tmp_path / "0.safetensors")
    assert read_note == note and all(torch.equal(read[k], tensors[k]) for k in tensors)
