"""The findings of a check of this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

State = Literal["ok", "missing", "broken"]


class Check(NamedTuple):
    """One thing that was checked.

    Attributes:
        name: what was checked.
        state: ok; missing, if runs are possible without it; broken, if they are not.
        about: version, place or reason.
        remedy: the command that fixes it, or "".
    """

    name: str
    state: State
    about: str
    remedy: str = ""


@dataclass(frozen=True)
class Finding:
    """One line of the screen: the fields of `Check`, and the part that it belongs to."""

    part: str
    name: str
    state: State
    about: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The finding as a dictionary, for JSON."""
        return asdict(self)
