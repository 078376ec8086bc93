"""A detector for a user's own stack, trained by the workflow of the study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from promic_nb.core import paths
from promic_nb.core.files import atomically
from promic_nb.datasets.own.stack import open_own
from promic_nb.errors import UserError
from promic_nb.experiment.choice import Choice
from promic_nb.lab.pictures import PathLike
from promic_nb.models.recipes import RECIPES
from promic_nb.runs.failure import reason_of_session
from promic_nb.runs.layout import RunFolder
from promic_nb.runs.lock import LOCK, Locked, alone
from promic_nb.runs.session import ALWAYS, Session

SEED = 0
PIXELS = "pixels"  # label of the rate of original images


@dataclass(frozen=True)
class Training:
    """What is to be trained.

    Attributes:
        choice: the run that it belongs to.
        run: its folder.
        recipe, rate: of the model.
    """

    choice: Choice
    run: RunFolder
    recipe: str
    rate: str

    @property
    def model(self) -> Path:
        """Where the trained model will lie."""
        return self.run.weights(self.run.model(self.recipe, self.rate, SEED))

    @property
    def only(self) -> str:
        """The files of the run to make."""
        return self.model.relative_to(self.run.path).as_posix()

    def deliver(self, out: Path | None) -> Path:
        """Copy the model to `out`, if that is given; returns where it lies."""
        if out is None:
            return self.model
        data = self.model.read_bytes()
        atomically(out, lambda p: p.write_bytes(data))
        return out


def prepare(
    stack: PathLike, recipe: str = "ProMIC", profile: str = "quick", rate: str = ""
) -> Training:
    """What `train` would do; the arguments are its own.

    Raises:
        UserError: as `train`.
    """
    own = open_own(stack)
    _ = own.check()
    RECIPES.check(recipe)
    choice = Choice(profile, data=str(own.root.resolve()))
    settings = choice.load()
    if recipe not in settings.recipes:
        raise UserError(
            f"the profile {profile!r} does not train {recipe!r}",
            f"Choose one of {', '.join(settings.recipes)}, or another profile",
        )
    if RECIPES[recipe].inputs == "original":
        rate = PIXELS
    elif not rate:
        rate = list(settings.rates)[-1]
    elif rate not in settings.rates:
        raise UserError(
            f"the profile {profile!r} has no rate {rate!r}",
            f"Choose one of {', '.join(settings.rates)}",
        )
    return Training(choice, settings.run.inside(paths.root()), recipe, rate)


def train(
    stack: PathLike,
    recipe: str = "ProMIC",
    *,
    profile: str = "quick",
    rate: str = "",
    out: PathLike | None = None,
) -> Path:
    """Train a detector on a stack: for ProMIC the detector of the originals, model A, the
    translator by GDTT, then the detector of latents. The workflow of the study does it, so that an
    interrupted call goes on, and nothing that is there is trained again.

    Args:
        stack: a folder with a `stack.yaml` and labels.
        recipe: one of `models.recipes.RECIPES` that the profile trains: "original" reads images,
            "A" decoded images, the others latents.
        profile: a file in config/ without suffix; it fixes codec, rates and iterations.
        rate: a label of the profile's rates; by default the last.
        out: file to which the model is copied.

    Returns:
        The model's file, for `load_detector` and `detect_files`.

    Raises:
        UserError: a stack that cannot be trained on, an unknown recipe, profile or rate, another
            run at work in this project, or a job that failed, with its reason.
    """
    training = prepare(stack, recipe, profile, rate)
    try:
        with alone(paths.root() / LOCK) as lock:
            workflow = training.choice.workflow(only=training.only)
            session = Session(training.run, workflow, [*ALWAYS, "--cores", "all"], lock)
            if session.process.wait():
                log = paths.relative(training.run.full_log)
                raise UserError(reason_of_session(session.output()), f"The whole log is {log}")
    except Locked:
        raise UserError("another run is at work in this project", "Wait until it ends") from None
    return training.deliver(Path(out) if out else None)
