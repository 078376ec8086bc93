"""Every claim reads a table that some notebook writes, or says why none does."""

import re
from pathlib import Path

from promic_nb.claims import load_claims

ROOT = Path(__file__).parents[2]


def written() -> list[re.Pattern]:
    """The names of the tables that notebooks write, with a pattern for each parameter in them."""
    sources = [*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "promic_nb").rglob("*.py")]
    names = {
        name
        for source in sources
        for name in re.findall(r"\{tables\}/([a-z0-9_{}]+)", source.read_text(encoding="utf-8"))
    }
    return [re.compile(re.sub(r"\{\w+\}", "[a-z0-9_]+", name)) for name in names]


def test_a_table_that_a_claim_reads_is_written_or_its_absence_explained():
    patterns = written()
    assert len(patterns) > 30
    read = {s.table: claim for claim in load_claims() for s in claim.sources}
    read |= {
        s.against.table: claim
        for claim in load_claims()
        for s in claim.sources
        if s.against and s.against.table
    }
    unmade = {name for name in read if not any(p.fullmatch(name) for p in patterns)}
    assert {name for name in unmade if not read[name].absent} == set()
    assert unmade == {
        "deblocking_epochs",
        "multitask_test_pictures",
        "survey_results",
        "latent_learning_over_others",
    }


def test_no_claim_on_a_table_that_is_written_says_that_it_is_absent():
    patterns = written()
    for claim in load_claims():
        if claim.absent:
            assert not any(p.fullmatch(claim.source.table) for p in patterns), claim.id
