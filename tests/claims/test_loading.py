"""Malformed claims end in one clear line."""

import pytest

from promic_nb.claims.loading import read_claims
from promic_nb.errors import UserError

CLAIM = """
- common: {document: '000', location: Table 5, unit: pp, nothing: [0]}
  claims:
    - id: one
      what: A number
      published: '-0.50'
      tolerance: {absolute: 0.2}
      source: {table: bd_ap, where: {recipe: ProMIC}, column: bd_pp}
"""


def refused(text):
    with pytest.raises(UserError) as error:
        read_claims({"some.yaml": text})
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_claim_is_read():
    (claim,) = read_claims({"some.yaml": CLAIM})
    assert (claim.kind, claim.value, claim.digits, claim.printed) == ("value", -0.5, 2, "-0.50")


def test_an_unknown_condition_is_named():
    line = refused(CLAIM.replace("unit: pp", "requires: {detektor: resnet50}"))
    assert "claim one in some.yaml" in line and "requires.detektor" in line


def test_a_cell_claimed_twice_names_both():
    twice = CLAIM + CLAIM.replace("id: one", "id: two").lstrip("\n")
    assert "claims one and two claim the same cell" in refused(twice)


def test_an_id_registered_twice():
    twice = CLAIM + CLAIM.replace("ProMIC", "E").lstrip("\n")
    assert "claim one is registered twice" in refused(twice)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            ("{absolute: 0.2}", "{absolute: 2.0}"),
            "claim one is met by doing nothing, which gives 0",
        ),
        (("'-0.50'", "'-0.004'"), "claim one is met by doing nothing"),  # 0.00 to two decimals
        ((", nothing: [0]", ""), "claim one does not say what doing nothing gives"),
        (("nothing: [0]", "nothing: jpeg"), "its tolerance has no `gap`"),
        (("tolerance: {absolute: 0.2}", "tolerance: {gap: 0.5}"), "absolute or relative"),
        (("'-0.50'", "-0.50"), "published"),  # a number loses its printed zeros
        (("what:", "wat:"), "wat"),
        (("- common", "- common: ["), "some.yaml"),
    ],
)
def test_errors_are_described(change, line):
    assert line in refused(CLAIM.replace(*change))


def test_a_gap_shrinks_a_tolerance_below_what_doing_nothing_needs():
    (claim,) = read_claims({"x": CLAIM.replace("{absolute: 0.2}", "{absolute: 2.0, gap: 0.5}")})
    assert claim.tolerance.allowed(claim.value, [0]) == 0.25


def test_a_bound_that_doing_nothing_meets():
    bound = CLAIM.replace("tolerance: {absolute: 0.2}", "kind: bound\n      bound: at most")
    assert "met by doing nothing" in refused(bound.replace("'-0.50'", "'0.5'"))


def test_a_grid_with_a_missing_number():
    grid = """
- common: {document: '003', location: Table 1, nothing: [0], tolerance: {absolute: 0.1}}
  id: x
  what: 'Quality {q}'
  source: {table: t, column: c}
  axes: {q: [1, 2]}
  values: 0.5
"""
    assert "claims x in some.yaml have 1 values for 2 places" in refused(grid)
    line = refused(grid.replace("1, 2]", "1]").replace("what:", "note: x\n  what:"))
    assert "claims x in some.yaml have an unknown key 'note'" in line
    first, second = read_claims({"a": grid.replace("values: 0.5", "values: 0.5 0.60")})
    assert (first.id, second.id, second.printed) == ("x-1", "x-2", "0.60")
    assert second.source.where == {"q": 2} and second.what == "Quality 2"
