"""Tables of detections and scores, rate after rate."""

import numpy as np

from promic_nb.metrics.detection import Detections
from promic_nb.models.tables import detections_table, score_table, with_keys


def boxes(count):
    box = np.arange(4 * count, dtype=np.float32).reshape(count, 4)
    return Detections(box, np.linspace(0.9, 0.5, count).astype(np.float32))


def test_boxes_belong_to_their_slice_and_rate():
    found = [boxes(1), boxes(0), boxes(2), boxes(1)]
    table = detections_table(found, [5, 8], ["low", "high"])
    assert table[["rate", "slice"]].values.tolist() == [
        ["low", 5],
        ["high", 5],
        ["high", 5],
        ["high", 8],
    ]
    assert table.loc[2, ["x0", "y0", "x1", "y1"]].tolist() == [4, 5, 6, 7]


def test_each_rate_is_scored_by_itself():
    def score(truth, found):
        return {"truth": float(sum(truth)), "boxes": float(sum(len(d.scores) for d in found))}

    found = [boxes(1), boxes(2), boxes(3), boxes(4)]
    table = score_table(score, [1, 2, 1, 2], found, {"low": 0.1, "high": 0.4})
    assert table.values.tolist() == [
        ["low", 0.1, "truth", 3.0],
        ["low", 0.1, "boxes", 3.0],
        ["high", 0.4, "truth", 3.0],
        ["high", 0.4, "boxes", 7.0],
    ]
    keyed = with_keys(table, ["seed", "rate", "value"], seed=2)
    assert keyed.iloc[3].tolist() == [2, "high", 7.0]
