"""Detection at several sizes: coordinates of the image as given, and one more NMS."""

import numpy as np
import pytest
import torch

from promic_nb.errors import UserError
from promic_nb.metrics.detection import Detections
from promic_nb.models.build import build_detector, build_translator, mirror
from promic_nb.models.inputs import Batch
from promic_nb.models.scales import predict_at


class Bright:
    """A detector that boxes the bright part of an image."""

    translator, config = None, build_detector("small").config

    def predict(self, batch):
        rows, columns = np.nonzero(batch.inputs[0][0].numpy() > 128)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return [
            Detections(
                np.array([box], np.float32),
                np.array([0.5 + min(batch.sizes[0]) / 1000], np.float32),
            )
        ]


def test_boxes_come_back_in_the_images_pixels():
    image = torch.zeros(1, 100, 200)
    image[:, 20:60, 80:140] = 255
    found = predict_at(Bright(), Batch([image], [(100, 200)], []), [50, 100, 200])[0]
    assert found.boxes.shape == (1, 4)  # three equal boxes are one
    assert np.abs(found.boxes[0] - [80, 20, 140, 60]).max() <= 1
    assert found.scores[0] == pytest.approx(0.7)


def test_latents_have_one_size():
    model = mirror(build_detector("small"), build_translator("small", 8, lrb=False)).eval()
    batch = Batch([torch.zeros(8, 4, 4)], [(64, 64)], [])
    assert len(predict_at(model, batch, ())) == 1
    with pytest.raises(UserError, match="cannot be resized"):
        predict_at(model, batch, [32])
