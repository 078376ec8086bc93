"""What an examination finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

State = Literal["ok", "missing", "broken"]


class Check(NamedTuple):
    """One thing that was looked at.

    Attributes:
        name: what was looked at.
        state: ok; missing, where runs are possible without it; broken, where they are not.
        about: version, place or reason.
        remedy: the command that fixes it, or "".
    """

    name: str
    state: State
    about: str
    remedy: str = ""


@dataclass(frozen=True)
class Finding:
    """One line of the screen: the fields of `Check`, and the part of the examination."""

    part: str
    name: str
    state: State
    about: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)
