"""Files, modules and notebooks that the documentation names exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data" / "README.md"]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
PACKAGES = "|".join(sorted(p.parent.name for p in (ROOT / "promic_nb").glob("*/__init__.py")))
# A part in capitals (`tests/PART`) stands for a name that the reader chooses.
FILE = re.compile(r"(?<![\w/.])(?:\.\./)*((?:promic_nb|tests|config|notebooks)/[\w./-]*\w)")
WITHIN_PACKAGE = re.compile(rf"(?<![\w/.])((?:{PACKAGES})/[\w/]+\.(?:py|yaml))")
MODULE = re.compile(r"python -m (promic_nb[\w.]*\w)")
NOTEBOOK = re.compile(r"(?<!\w)(\d\d_[a-z]\w*)")


def missing(text: str) -> list[str]:
    """The names in `text` that lead to no file of the project."""
    files = [name for name in FILE.findall(text) if not re.search(r"\b[A-Z]{3,}\b", name)]
    paths = {name: ROOT / name for name in files}
    paths |= {name: ROOT / "promic_nb" / name for name in WITHIN_PACKAGE.findall(text)}
    paths |= {name: ROOT / f"{name.replace('.', '/')}.py" for name in MODULE.findall(text)}
    paths |= {name: ROOT / "notebooks" / f"{name}.ipynb" for name in NOTEBOOK.findall(text)}
    return [name for name, path in paths.items() if not path.exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_page_names_only_files_that_exist(page):
    gone = missing(page.read_text())
    assert not gone, f"{page.name} names what does not exist: {', '.join(gone)}"


@pytest.mark.parametrize(
    "text",
    [
        "see `promic_nb/gone.py`",
        "`pytest tests/gone/test_gone.py -s`",
        "[text](../config/gone.yaml)",
        "`training/gone.py`",
        "`python -m promic_nb.training.gone`",
        "in 05_gone, then",
    ],
)
def test_a_name_that_leads_nowhere_is_found(text):
    assert len(missing(text)) == 1


def test_placeholders_and_files_of_runs_are_not_looked_for():
    assert missing("`tests/PART`, `data/runs/*/models/x.py`, `promic_nb/claims/*.yaml`") == []
