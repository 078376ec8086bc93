"""The tables of cases themselves."""

import json
import runpy
from pathlib import Path


def test_there_are_sixty_cases():
    files = [p for p in Path(__file__).parent.glob("test_*.py") if p.name != Path(__file__).name]
    tables = [
        value
        for file in files
        for name, value in runpy.run_path(str(file)).items()
        if name.isupper() and isinstance(value, dict)
    ]
    assert len(tables) >= 13 and sum(map(len, tables)) >= 60
    assert json.dumps([list(t) for t in tables])  # names are texts
