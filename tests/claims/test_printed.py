"""The registered results against the print, by hand."""

import pandas as pd
import pytest

from promic_nb.claims import load_claims

CLAIMS = {c.id: c for c in load_claims()}


def test_every_number_of_the_five_tables_is_there():
    values = [c for c in CLAIMS.values() if c.document == "000" and c.kind == "value"]
    count = pd.Series([place for c in values for place in c.locations]).value_counts()
    assert {n: int(count[f"Table {n}"]) for n in (2, 5, 6, 7, 8)} == {
        2: 18,
        5: 12,
        6: 48,
        7: 3,
        8: 3,
    }


@pytest.mark.parametrize(
    ("claim_id", "printed"),
    [
        ("000-table6-b-ap50", "-15.41"),
        ("000-table6-promic-ap50", "-0.50"),
        ("000-table6-promic-apm", "0.08"),
        ("000-table2-test-medium", "2186"),
        ("000-table2-share-test-medium", "80.52"),
        ("000-table7-a", "315.52"),
        ("000-abstract-highest", "2.31"),
        ("000-s43-over-base-apl", "45.41"),
        ("000-s4313-std-b-ap75", "4.38"),
        ("000-s4313-h-ap50", "10.4"),
        ("001-table45-accuracy", "83.0"),
        ("001-table43-mse", "0.12"),
        ("001-table46-std-lfw", "0.004"),
        ("001-s562-cosine", "0.1"),
        ("001-s563-mse-hr", "0.018"),
        ("001-table56-te09", "0.063"),
        ("001-table57-mean", "0.023"),
        ("003-table7-random", "299"),
        ("003-table8-75-psnr-db-mse", "43.520752"),
        ("003-table8-25-mae-perceptual", "0.013836"),
        ("003-table18-50-mse-random", "0.00006480"),  # printed as 6.480 x 10^-5
        ("003-table3-ssim-full", "0.9833"),  # printed as 98.33 %
        ("003-table16-25-ssim-high-frequency", "0.9719595"),
        ("004-s42-mean-mobilenetv2-45", "0.13"),
        ("004-s45-psnr-db", "3.31"),
        ("004-s46-mean", "3.23"),
    ],
)
def test_numbers_are_registered_as_printed(claim_id, printed):
    assert CLAIMS[claim_id].printed == printed


def test_grids_give_units_and_tolerances_to_their_parts():
    assert CLAIMS["003-table8-75-psnr-db-mse"].unit == "dB"
    assert CLAIMS["003-table8-75-psnr-db-mse"].tolerance.absolute == 1
    assert CLAIMS["003-table8-75-mae-mse"].tolerance.relative == 0.2


def test_the_text_agrees_with_the_tables():
    """Section 4.3 prints differences of Table 5: ProMIC less B."""
    for metric in ("ap50", "ap75", "aps", "apm", "apl", "ap"):
        promic, base = (CLAIMS[f"000-table6-{r}-{metric}"].value for r in ("promic", "b"))
        assert CLAIMS[f"000-s43-over-base-{metric}"].value == pytest.approx(promic - base)
    d, b = (CLAIMS[f"000-table6-{r}-ap50"].value for r in "db")
    assert CLAIMS["000-s4313-over-base-ap50"].value == pytest.approx(d - b)


def test_table_7_is_consistent_in_itself():
    a, promic, delta = (CLAIMS[f"000-table7-{x}"].value for x in ("a", "promic", "delta"))
    assert round(100 * (promic / a - 1), 2) == delta


def test_tables_2_and_4_of_the_compressed_learning_share_their_cells():
    claim = CLAIMS["004-table3-variable-0.72-resnet41"]
    assert claim.locations == ["Table 3", "Table 2", "Table 4"] and claim.printed == "74.08"
