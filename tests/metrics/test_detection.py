"""Average precision against closed forms and an independent computation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promic_nb.metrics import AP_NAMES, Detections, average_precision

BOX = np.array([[10, 10, 60, 60]], np.float32)


def found(boxes, scores) -> Detections:
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32))


def independent_ap(truth, detections, threshold: float) -> float:
    """COCO's 101-point AP, written plainly: greedy matching by falling score, precision made monotone, sampled at recall 0..1."""
    ranked = sorted(((float(s), i, b) for i, d in enumerate(detections) for b, s in zip(d.boxes, d.scores, strict=True)), key=lambda t: -t[0])
    used, hits = set(), []
    for _, i, box in ranked:
        best, match = threshold, None
        for j, other in enumerate(truth[i]):
            w, h = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
            inter = max(w, 0) * max(h, 0)
            iou = inter / (np.prod(box[2:] - box[:2]) + np.prod(other[2:] - other[:2]) - inter)
            if iou >= best and (i, j) not in used:
                best, match = iou, (i, j)
        used.add(match)
        hits.append(match is not None)
    total = sum(map(len, truth))
    tp = np.cumsum(hits)
    recall, precision = tp / total, tp / np.arange(1, len(hits) + 1)
    return float(np.mean([max(precision[recall >= r - 1e-12], default=0) for r in np.linspace(0, 1, 101)]))


def test_perfect_and_empty():
    assert average_precision([BOX], [found(BOX, [0.9])])["AP"] == pytest.approx(1)
    nothing = average_precision([BOX], [found([], [])])
    assert nothing["AP"] == 0 and nothing["APm"] == 0
    assert np.isnan(nothing["APs"]) and np.isnan(nothing["APl"])


def test_without_objects_there_is_no_precision():
    assert all(np.isnan(v) for v in average_precision([np.zeros((0, 4))], [found(BOX, [0.9])]).values())


def test_iou_decides_between_thresholds():
    """A box of 50x50 found as 50x36: IoU 0.72, a hit at 0.5 to 0.7, a miss from 0.75."""
    scores = average_precision([BOX], [found([[10, 10, 60, 46]], [0.9])])
    assert scores["AP50"] == pytest.approx(1)
    assert scores["AP75"] == 0
    assert scores["AP"] == pytest.approx(0.5)  # 5 of 10 thresholds


def test_sizes_go_by_box_area():
    truth = [np.array([[0, 0, 20, 20], [50, 50, 100, 100], [200, 200, 350, 350]], np.float32)]
    scores = average_precision(truth, [found([truth[0][0], truth[0][2]], [0.9, 0.8])])
    assert scores["APs"] == pytest.approx(1)
    assert scores["APm"] == 0
    assert scores["APl"] == pytest.approx(1)


def test_names_of_the_family():
    assert tuple(average_precision([BOX], [found(BOX, [0.9])])) == AP_NAMES


coordinates = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(8, 60), st.integers(8, 60))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.lists(coordinates, min_size=1, max_size=4), st.lists(coordinates, max_size=5)), min_size=1, max_size=3), st.data())
def test_agrees_with_an_independent_computation(images, data):
    as_boxes = lambda cells: np.array([[x, y, x + w, y + h] for x, y, w, h in cells], np.float32).reshape(-1, 4)  # noqa: E731
    count = sum(len(d) for _, d in images)
    scores = data.draw(st.lists(st.integers(1, 999), min_size=count, max_size=count, unique=True))  # no ties
    truth, detections = [], []
    for objects, boxes in images:
        truth.append(as_boxes(objects))
        detections.append(found(as_boxes(boxes), [scores.pop() / 1000 for _ in boxes]))
    ours = average_precision(truth, detections)
    for name, threshold in (("AP50", 0.5), ("AP75", 0.75)):
        assert ours[name] == pytest.approx(independent_ap(truth, detections, threshold) if count else 0, abs=1e-6)
