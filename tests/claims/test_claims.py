import pandas as pd
import pytest

from promic_nb.claims import judge, load_claims, verdicts
from promic_nb.claims.loading import _grid
from promic_nb.claims.models import Tolerance


def claim(claim_id):
    return next(c for c in load_claims() if c.id == claim_id)


def test_every_number_of_the_five_tables_is_there():
    assert pd.Series(
        [c.location for c in load_claims() if c.document == "000"]
    ).value_counts().to_dict() == {
        "Table 2": 9,
        "Table 5": 12,
        "Table 6": 48,
        "Table 7": 3,
        "Table 8": 3,
    }


def test_some_numbers_as_printed():
    assert claim("000-table5-b-ap50").published == -15.41
    assert claim("000-table6-promic-apm").published == 0.08
    assert claim("000-table2-test-medium").published == 2186
    assert claim("000-table7-a").published == 315.52


def test_tables_5_and_6_agree_where_they_overlap():
    for model in ("b", "promic"):
        for metric in ("ap", "ap50", "ap75", "aps", "apm", "apl"):
            assert (
                claim(f"000-table5-{model}-{metric}").published
                == claim(f"000-table6-{model}-{metric}").published
            )


def test_table_7_is_consistent_in_itself():
    a, promic, delta = (claim(f"000-table7-{x}").published for x in ("a", "promic", "delta"))
    assert round(100 * (promic / a - 1), 2) == delta


@pytest.mark.parametrize(
    ("ours", "smoke", "verdict"),
    [
        (None, False, "not run"),
        (float("nan"), True, "not run"),
        (-15.41, True, "smoke"),
        (-15.41, False, "reproduced"),
        (-15.414, False, "reproduced"),
        (-15.42, False, "within tolerance"),
        (-13.42, False, "within tolerance"),
        (-13.40, False, "not reproduced"),
        (15.41, False, "not reproduced"),
    ],
)
def test_verdicts(ours, smoke, verdict):
    assert judge(claim("000-table5-b-ap50"), ours, smoke) == verdict


def test_relative_tolerance():
    relative = claim("000-table7-a").model_copy(
        update={"tolerance": Tolerance(kind="relative", value=0.01)}
    )
    assert judge(relative, 315.52 * 1.009, False) == "within tolerance"
    assert judge(relative, 315.52 * 1.011, False) == "not reproduced"


def test_values_come_from_the_tables_of_the_run(tmp_path):
    rows = [
        ("ProMIC", m, d, v) for m, v in (("AP50", -0.5), ("AP", 9.0)) for d in ("linear", "log")
    ]
    pd.DataFrame(rows, columns=["recipe", "metric", "domain", "bd_pp"]).to_parquet(
        tmp_path / "bd_ap.parquet"
    )
    table = verdicts(tmp_path, "cpu", smoke=False).set_index("id")
    assert table.verdict["000-table6-promic-ap50"] == "reproduced"
    assert table.verdict["000-table6-promic-ap"] == "not reproduced"
    assert table.verdict["000-table6-c-ap"] == "not run"
    assert set(table.profile) == {"cpu"}
    assert (verdicts(tmp_path, "quick", smoke=True).verdict.isin(["smoke", "not run"])).all()


def test_the_deblocking_thesis_has_its_tables():
    found = pd.Series([c.location for c in load_claims() if c.document == "003"]).value_counts()
    assert {n: int(found[f"Table {n}"]) for n in (1, 3, 4, 8, 16, 18, 19)} == {
        1: 9,
        3: 8,
        4: 6,
        8: 48,
        16: 48,
        18: 48,
        19: 48,
    }


@pytest.mark.parametrize(
    ("claim_id", "published", "digits", "unit"),
    [
        ("003-table8-75-psnr-db-mse", 43.520752, 6, "dB"),
        ("003-table8-25-mae-perceptual", 0.013836, 6, "0..1"),
        ("003-table18-50-mse-random", 6.48e-5, 8, "0..1"),  # printed as 6.480 x 10^-5
        ("003-table3-ssim-full", 0.9833, 4, "0..1"),  # printed as 98.33 %
        ("003-table16-25-ssim-high-frequency", 0.9719595, 7, "0..1"),
    ],
)
def test_grids_put_printed_numbers_in_their_places(claim_id, published, digits, unit):
    found = claim(claim_id)
    assert found.published == pytest.approx(published, rel=1e-12) and found.unit == unit
    assert found.digits in (digits, digits + 1)


def test_a_grid_with_a_missing_number_is_refused():
    with pytest.raises(ValueError, match="x have 1 values for 2 places"):
        _grid(
            {
                "id": "x",
                "what": "",
                "axes": {"q": [1, 2]},
                "values": "0.5",
                "source": {"table": "t", "where": {}, "column": "c"},
            }
        )
