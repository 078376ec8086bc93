"""Check that stored notebooks are clean.

`python -m promic_nb.notebook.stored FILE ...` fails if one is not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat

from promic_nb.errors import UserError
from promic_nb.notebook.parameters import declared


def problems(path: Path) -> list[str]:
    """The reasons why a stored notebook is not clean.

    It may have outputs or execution counts, or lack a kernelspec, typed parameters or an opening
    page.
    """
    nb = nbformat.read(path, as_version=4)
    code = [c for c in nb.cells if c.cell_type == "code"]
    found = []
    if any(c.outputs or c.execution_count for c in code):
        found.append("it is stored with outputs: clear them (Edit > Clear Outputs of All Cells)")
    if "kernelspec" not in nb.metadata:
        found.append("it has no kernelspec: save it once from JupyterLab")
    try:
        declared(nb)
    except (UserError, KeyError) as error:
        found.append(str(error))
    if nb.cells[0].cell_type != "markdown" or "Question" not in nb.cells[0].source:
        found.append("its first cell does not state the question it answers")
    return found


if __name__ == "__main__":
    bad = [f"{path}: {problem}" for path in sys.argv[1:] for problem in problems(Path(path))]
    sys.exit("\n".join(bad) or 0)
