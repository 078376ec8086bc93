"""How runs differ from the published studies: the page docs/differences.md, and a run's own table.

Write the page anew with `python -m promic_nb.experiment.differences`.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from promic_nb.core import paths
from promic_nb.core.files import atomically
from promic_nb.experiment.conditions import conditions
from promic_nb.experiment.profile import Profile, load_profile
from promic_nb.experiment.published import DISSERTATION, settings

PAGE = Path("docs") / "differences.md"
COMMAND = "python -m promic_nb.experiment.differences"
SAME = "as published"
HEAD = f"""# How the runs here differ from the published studies

One column for each profile, as `make reproduce PROFILE=... DATA=PATH` runs it on a local copy of
Lucchi. Settings that agree everywhere are left out. The report of a run has the table of that run
(`differences`). The settings decide which verdicts a run can earn: [what is claimed](claims.md).

This page is written from the profiles in `config/` by `{COMMAND}`."""


def differences(profile: Profile) -> list[dict[str, str]]:
    """The settings in which a run differs from the dissertation.

    Returns:
        A row for each: study, setting, published, here.
    """
    found = [(setting, setting.of(profile)) for setting in settings()]
    return [
        {"study": s.study, "setting": s.name, "published": s.published, "here": here}
        for s, here in found
        if DISSERTATION in s.study and here not in (s.published, "")
    ]


def page(profiles: list[Profile]) -> str:
    """The differences of several profiles as Markdown, a table for each study."""
    parts = [HEAD]
    titles = ["setting", "published", *(f"`{p.profile}`" for p in profiles)]
    for study in dict.fromkeys(setting.study for setting in settings()):
        lines = [_line(titles), _line(["---"] * len(titles))]
        for setting in settings():
            here = [setting.of(p) for p in profiles]
            if setting.study == study and any(h not in (setting.published, "") for h in here):
                shown = [SAME if h == setting.published else h or "not run" for h in here]
                lines.append(_line([setting.name, setting.published, *shown]))
        parts += [f"## {study}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def stored_profiles(root: Path) -> list[Profile]:
    """The profiles in config/ that users choose from, the smallest first, on a local copy."""
    loaded = [
        load_profile({"dataset": "lucchi", **yaml.safe_load(file.read_text()), "data": "PATH"})
        for file in sorted((root / "config").glob("*.yaml"))
    ]
    return sorted(loaded, key=lambda p: conditions(p)["detection"]["steps"])


def write_page() -> Path:
    """Write docs/differences.md by the profiles in config/; return its path."""
    root = paths.root()
    text = page(stored_profiles(root))
    atomically(root / PAGE, lambda p: p.write_text(text, encoding="utf-8"))
    return root / PAGE


if __name__ == "__main__":
    print(write_page())
