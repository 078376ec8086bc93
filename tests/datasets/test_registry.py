import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promic_nb.datasets import download, open_stack
from promic_nb.errors import UserError


def empty_stack(root: Path, train: int, test: int = 1) -> Path:
    """A stack of tiny black slices."""
    for name, count in (("Train", train), ("Test", test)):
        for folder, pattern in ((f"{name}_In", "mask{:04d}.png"), (f"{name}_Out", "{}.png")):
            (root / folder).mkdir(parents=True)
            for i in range(count):
                Image.fromarray(np.zeros((16, 16), np.uint8)).save(
                    root / folder / pattern.format(i)
                )
    return root


def test_table_9(tmp_path):
    stack = open_stack("lucchi", empty_stack(tmp_path / "Lucchi++", 165))
    train, validation = stack.ids("train"), stack.ids("val")
    assert (len(train), len(validation)) == (125, 40)
    assert sorted(train + validation) == list(range(165))
    assert round(100 * 40 / 165, 2) == 24.24  # the text's 24.25 %
    assert validation[:6] == [1, 4, 7, 10, 13, 18]
    assert validation[-2:] == [155, 160]
    assert train[:9] == [0, 2, 3, 5, 6, 8, 9, 11, 12]


def test_an_incomplete_training_stack_is_refused(tmp_path):
    root = empty_stack(tmp_path / "Lucchi++", 165)
    (root / "Train_In" / "mask0007.png").unlink()
    with pytest.raises(UserError, match=r"164 slices.*missing: \[7\]"):
        open_stack("lucchi", root)


def test_kasthuri_is_split_85_to_15(tmp_path):
    stack = open_stack("kasthuri", empty_stack(tmp_path / "Kasthuri++", 85))
    assert (len(stack.ids("train")), len(stack.ids("val"))) == (72, 13)
    assert not set(stack.ids("train")) & set(stack.ids("val"))
    assert stack.split_ids == open_stack("kasthuri", tmp_path).split_ids


def test_unknown_names_list_the_choices():
    with pytest.raises(UserError, match="Choose one of lucchi, lucchi_block, kasthuri, phantom"):
        open_stack("luchi")


def test_no_network_names_the_local_way(tmp_path, monkeypatch):
    monkeypatch.delenv("PROMIC_DATA", raising=False)

    def refuse(*args, **kwargs):
        raise OSError("Name or service not known")

    monkeypatch.setattr(download.pooch, "retrieve", refuse)
    with pytest.raises(UserError, match=r"could not be downloaded.*make reproduce DATA=PATH"):
        open_stack("lucchi", cache=tmp_path)


def test_a_download_with_a_wrong_hash_is_refused(tmp_path, monkeypatch):
    (tmp_path / "source.zip").write_bytes(b"something else")
    archive = download.Archive((tmp_path / "source.zip").as_uri(), "0" * 64, "Lucchi++")
    monkeypatch.setattr(download.pooch, "retrieve", _from_file(download.pooch.retrieve))
    with pytest.raises(UserError, match="wrong hash"):
        download.fetch("lucchi", archive, tmp_path / "cache")


def _from_file(retrieve):
    """pooch.retrieve with a downloader for file addresses."""

    def copy(url, output_file, _):
        shutil.copy(url.removeprefix("file://"), output_file)

    return lambda *args, **kwargs: retrieve(*args, downloader=copy, **kwargs)


@pytest.mark.real_data
def test_real_slices(lucchi):
    assert {s: len(lucchi.ids(s)) for s in ("train", "val")} == {"train": 125, "val": 40}
    assert lucchi.image("test", lucchi.ids("test")[0]).shape == (768, 1024)
