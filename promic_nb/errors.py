"""The error that every user mistake ends in: what is wrong, where, and what to do about it."""


class UserError(ValueError):
    """Bad input with a remedy.

    The command line prints it as one line; a notebook shows it as the last line.

    Args:
        what: the file, parameter or value that is wrong, and how.
        remedy: what the user can do about it.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what, self.remedy = what, remedy

    def __str__(self) -> str:
        return " ".join(
            f"{self.what}. {self.remedy}".split()
        )  # one line, whatever another library's message holds


class ContractError(UserError):
    """A plug-in that breaks the contract of its kind, such as a codec that returns no bytes.

    Args:
        kind: "codec", "metric", "dataset" or "detector".
        name: of the plug-in.
        what: it broke.
    """

    def __init__(self, kind: str, name: str, what: str) -> None:
        super().__init__(
            f"{kind} {name!r} breaks its contract: {what}",
            f"Its author can find the cause with promic_nb.testing.check_{kind}",
        )

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str]]:
        """Pickled as a `UserError`: exceptions are rebuilt from what and remedy."""
        return UserError, (self.what, self.remedy)
