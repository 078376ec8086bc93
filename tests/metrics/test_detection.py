"""Average precision against closed forms and an independent computation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promic_nb.errors import UserError
from promic_nb.metrics import AP_NAMES, Detections, average_precision, mean_average_precision

BOX = np.array([[10, 10, 60, 60]], np.float32)


def found(boxes, scores) -> Detections:
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32))


RANGES = {"APs": (0, 32**2), "APm": (32**2, 96**2), "APl": (96**2, np.inf)}


# pycocotools' own points, of which some lie an ulp above their fraction (0.7000000000000001), and
# exact tenths.
POINTS = {"coco101": np.linspace(0.0, 1.0, 101), "voc11": [k / 10 for k in range(11)]}


def independent_ap(truth, detections, threshold: float, points, sizes=(0, np.inf)) -> float:
    """AP written plainly after COCO's published protocol: greedy matching by falling score, objects
    and boxes of other sizes ignored, precision made monotone, sampled at the recalls `points`."""
    inside = lambda box: sizes[0] <= (box[2] - box[0]) * (box[3] - box[1]) <= sizes[1]  # noqa: E731
    ranked = []
    for objects, d in zip(truth, detections, strict=True):
        free = sorted(
            objects.tolist(), key=lambda box: not inside(box)
        )  # those that count come first
        for score, box in sorted(
            zip(d.scores.tolist(), d.boxes.tolist(), strict=True), key=lambda t: -t[0]
        ):
            best, match = threshold, None
            for other in free:
                if match is not None and inside(match) and not inside(other):
                    break
                w, h = (
                    min(box[2], other[2]) - max(box[0], other[0]),
                    min(box[3], other[3]) - max(box[1], other[1]),
                )
                inter = max(w, 0) * max(h, 0)
                iou = inter / (
                    (box[2] - box[0]) * (box[3] - box[1])
                    + (other[2] - other[0]) * (other[3] - other[1])
                    - inter
                )
                if iou >= best:
                    best, match = iou, other
            if match is not None:
                free.remove(match)
            if inside(match or box):
                ranked.append((score, match is not None))
    total = sum(inside(box) for objects in truth for box in objects.tolist())
    if not total:
        return float("nan")
    hits = np.cumsum(
        [hit for _, hit in sorted(ranked, key=lambda t: -t[0])], dtype=int
    )  # a stable sort: ties stay in order
    precision = hits / np.arange(1, len(hits) + 1)
    return float(np.mean([max(precision[hits / total >= recall], default=0) for recall in points]))


def test_seven_of_ten_found():
    """Recall 0.7 reaches the tenth 0.7, and by COCO's point an ulp above it just 0.69, as
    pycocotools counts.
    """
    boxes = np.array([[40 * k, 0, 40 * k + 20, 20] for k in range(10)], np.float32)
    for form, expected in (("coco101", 70 / 101), ("voc11", 8 / 11)):
        assert average_precision([boxes], [found(boxes[:7], np.linspace(0.9, 0.3, 7))], form=form)[
            "AP50"
        ] == pytest.approx(expected)


def test_perfect_and_empty():
    assert average_precision([BOX], [found(BOX, [0.9])])["AP"] == pytest.approx(1)
    nothing = average_precision([BOX], [found([], [])])
    assert nothing["AP"] == 0 and nothing["APm"] == 0
    assert np.isnan(nothing["APs"]) and np.isnan(nothing["APl"])


def test_without_objects_there_is_no_precision():
    assert all(
        np.isnan(v) for v in average_precision([np.zeros((0, 4))], [found(BOX, [0.9])]).values()
    )


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


@pytest.mark.parametrize("form", ["coco101", "voc11"])
def test_perfect_is_one_in_both_forms(form):
    """Also at recall 1, where Eq. 4 as printed would give 0, and so 10/11."""
    assert average_precision([BOX], [found(BOX, [0.9])], form=form)["AP"] == pytest.approx(1)


def test_half_of_the_objects():
    """Recall 0 ... 0.5 has precision 1: 51 of 101 points, or 6 of 11."""
    truth = [np.concatenate([BOX, BOX + 100])]
    assert average_precision(truth, [found(BOX, [0.9])])["AP50"] == pytest.approx(51 / 101)
    assert average_precision(truth, [found(BOX, [0.9])], form="voc11")["AP50"] == pytest.approx(
        6 / 11
    )


def test_three_tenths_reach_the_point_at_three_tenths():
    """3 of 10 objects: recall points 0, 0.1, 0.2, 0.3.

    Of a linspace, the last would be 0.30000000000000004 and missed.
    """
    truth = [np.concatenate([BOX + 70 * i for i in range(10)])]
    assert average_precision(truth, [found(truth[0][:3], [0.9, 0.8, 0.7])], form="voc11")[
        "AP50"
    ] == pytest.approx(4 / 11)


def test_detections_in_an_image_without_objects_are_false_positives():
    """The false box has the higher score: precision is 1/2 at each recall."""
    truth, detections = [BOX, np.zeros((0, 4))], [found(BOX, [0.5]), found(BOX, [0.9])]
    for form in ("coco101", "voc11"):
        assert average_precision(truth, detections, form=form)["AP50"] == pytest.approx(1 / 2)


def test_at_equal_scores_the_earlier_comes_first():
    miss = BOX + 300
    truth = [BOX]
    assert average_precision(truth, [found([*BOX, *miss], [0.5, 0.5])])["AP50"] == pytest.approx(1)
    assert average_precision(truth, [found([*miss, *BOX], [0.5, 0.5])])["AP50"] == pytest.approx(
        1 / 2
    )


@pytest.mark.parametrize("form", ["coco101", "voc11"])
def test_a_class_never_predicted_counts_as_zero(form):
    truth = {"mitochondrion": [BOX], "vesicle": [BOX + 100], "nucleus": [np.zeros((0, 4))]}
    result = mean_average_precision(truth, {"mitochondrion": [found(BOX, [0.9])]}, form=form)
    assert result["AP"] == pytest.approx(1 / 2)
    assert np.isnan(result["APl"])
    predicted_nothing = {"mitochondrion": [found(BOX, [0.9])], "vesicle": [found([], [])]}
    assert result == pytest.approx(
        mean_average_precision(truth, predicted_nothing, form=form), nan_ok=True
    )


@pytest.mark.parametrize(
    ("truth", "detections", "form", "message"),
    [
        ([BOX], [], "coco101", "1 images have objects and 0"),
        ([BOX], [found(BOX, [0.9, 0.8])], "coco101", "one finite score for each box"),
        ([BOX], [found(BOX, [np.nan])], "coco101", "one finite score"),
        ([BOX], [found(BOX[:, ::-1], [0.9])], "coco101", "detections of image 0 are no boxes"),
        ([BOX[:, :3]], [found(BOX, [0.9])], "coco101", "objects of image 0"),
        ([BOX], [found(BOX, [0.9])], "voc10", "Choose from coco101, voc11"),
    ],
)
def test_bad_input_is_named(truth, detections, form, message):
    with pytest.raises(UserError, match=message):
        average_precision(truth, detections, form=form)


def test_a_class_that_is_not_in_the_ground_truth():
    with pytest.raises(UserError, match="nucleus"):
        mean_average_precision({"mitochondrion": [BOX]}, {"nucleus": [found(BOX, [0.9])]})


sides = st.sampled_from([10, 20, 32, 33, 60, 96, 97, 120])
cells = st.tuples(st.integers(0, 60), st.integers(0, 60), sides, sides)


def as_boxes(rows) -> np.ndarray:
    return np.array([[x, y, x + w, y + h] for x, y, w, h in rows], np.float32).reshape(-1, 4)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(cells, max_size=4, unique=True), st.lists(cells, max_size=6)),
        min_size=1,
        max_size=3,
    ),
    st.data(),
)
def test_both_forms_agree_with_an_independent_computation(images, data):
    """Images without objects and without detections, few distinct scores (ties), sizes on the
    limits.
    """
    truth = [as_boxes(objects) for objects, _ in images]
    detections = []
    for objects, boxes in images:
        boxes = boxes + [
            (x + 1, y, w, h) for x, y, w, h in objects if data.draw(st.booleans())
        ]  # near hits, or all would be misses
        scores = data.draw(
            st.lists(
                st.sampled_from([0.2, 0.5, 0.75, 1.0]), min_size=len(boxes), max_size=len(boxes)
            )
        )
        detections.append(found(as_boxes(boxes), scores))
    for form, points in POINTS.items():
        ours = average_precision(truth, detections, form=form)
        thresholds = np.linspace(0.5, 0.95, 10)
        expected = {
            name: np.mean(
                [independent_ap(truth, detections, t, points, RANGES[name]) for t in thresholds]
            )
            for name in RANGES
        }
        expected["AP"] = np.mean([independent_ap(truth, detections, t, points) for t in thresholds])
        expected |= {
            name: independent_ap(truth, detections, t, points)
            for name, t in (("AP50", 0.5), ("AP75", 0.75))
        }
        assert ours == pytest.approx(expected, abs=1e-9, nan_ok=True)
