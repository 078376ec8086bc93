"""Training resumes to the weights of an undisturbed run, freezes what it should, and learns."""

import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from lightning.pytorch.callbacks import Callback

import promic_nb.training.search  # noqa: F401
from promic_nb.core import code
from promic_nb.core.files import sha256
from promic_nb.datasets.boxes import boxes_from_mask
from promic_nb.errors import UserError
from promic_nb.metrics import average_precision
from promic_nb.models.build import build_detector, build_translator, mirror
from promic_nb.models.slices import detect_slices
from promic_nb.training.codec import CodecTraining, train_codec
from promic_nb.training.data import DetectorData, Slices, TranslatorData
from promic_nb.training.detection import train_detector, train_translator
from promic_nb.training.fine_tuning import FineTuning, fine_tune
from promic_nb.training.fit import fit
from promic_nb.training.material import training_slices
from promic_nb.training.options import FitOptions, Loop
from promic_nb.training.samples import collate, detection_crops
from promic_nb.training.solver import Solver
from promic_nb.training.tasks import QUIET, DetectorTask, Distillation, feature_loss


@pytest.fixture(scope="module")
def slices(tiny):
    ids = tiny.ids("train")
    return [tiny.image("train", i) for i in ids], [
        boxes_from_mask(tiny.mask("train", i)) for i in ids
    ]


def data(slices, **options):
    """Training data of whole slices, by default with crops of 128."""
    size = slices[0][0].shape
    return DetectorData(Slices(*slices, size), **{"crop": 128, **options})


def quiet(folder):
    return FitOptions(folder, progress=False)


def short(model, slices, folder, steps, upto, frozen="", rate=0.01, stream=None):
    """`upto` of `steps` iterations of one schedule."""
    task = DetectorTask(model, Solver(steps, rate), frozen)
    stream = stream or detection_crops(*slices, slices[0][0].shape, 128, seed=5)
    fit(
        task,
        stream,
        Loop(upto, 2, 5.0),
        FitOptions(folder, progress=False, checkpoint_every=2),
        collate=partial(collate, cell=1),
    )
    return model


def test_a_resumed_run_ends_at_the_same_weights(tmp_path, slices):
    whole = short(build_detector("small"), slices, tmp_path / "whole", 4, 4)
    short(build_detector("small"), slices, tmp_path / "cut", 4, 2)
    stream = detection_crops(*slices, slices[0][0].shape, 128, seed=5)
    resumed = short(build_detector("small"), slices, tmp_path / "cut", 4, 4, stream=stream)
    assert stream.start == 4  # two steps of two samples were not repeated
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


@pytest.mark.parametrize("left", [0, 0.5, 0.99])
def test_a_truncated_checkpoint_is_removed(tmp_path, slices, left):
    """Lightning writes to the system's temporary folder and moves the file, which copies it where
    that is another disk.
    """
    whole = short(build_detector("small"), slices, tmp_path / "whole", 2, 2)
    short(build_detector("small"), slices, tmp_path / "cut", 2, 2)
    last = tmp_path / "cut" / "last.ckpt"
    last.write_bytes(last.read_bytes()[: int(left * last.stat().st_size)])
    stream = detection_crops(*slices, slices[0][0].shape, 128, seed=5)
    again = short(build_detector("small"), slices, tmp_path / "cut", 2, 2, stream=stream)
    assert stream.start == 0
    assert all(torch.equal(v, again.state_dict()[k]) for k, v in whole.state_dict().items())


def test_the_log_of_a_resumed_run_is_complete(tmp_path, slices):
    """Rows of every session, each iteration once; and a finished training that is called again
    keeps its log.
    """
    short(build_detector("small"), slices, tmp_path / "whole", 8, 8)
    for upto in (
        3,
        5,
        8,
        8,
    ):  # checkpoints every second iteration: one that the log knows is done again
        short(
            build_detector("small"),
            slices,
            tmp_path / "cut",
            8,
            upto,
            stream=detection_crops(*slices, slices[0][0].shape, 128, seed=5),
        )
    whole, cut = (
        pd.read_csv(tmp_path / name / "metrics.csv").dropna(subset="loss")
        for name in ("whole", "cut")
    )
    assert cut.step.tolist() == whole.step.tolist()
    assert np.allclose(cut.loss, whole.loss)
    assert not (tmp_path / "cut" / "metrics.earlier.csv").exists()


@pytest.mark.parametrize("change", ["rate", "weights", "data", "layers"])
def test_a_checkpoint_of_another_training_is_not_resumed(tmp_path, slices, change):
    short(build_detector("small"), slices, tmp_path, 4, 2)
    others = ([255 - x for x in slices[0]], slices[1]) if change == "data" else slices
    stream = detection_crops(*others, slices[0][0].shape, 128, seed=5)
    model = build_detector("small", seed=1 if change == "weights" else 0)
    if change == "layers":  # of torch, without weights: only their printed form tells
        first = next(n for n, m in model.named_modules() if isinstance(m, torch.nn.ReLU))
        model.set_submodule(first, torch.nn.LeakyReLU())
    short(model, others, tmp_path, 4, 4, rate=0.02 if change == "rate" else 0.01, stream=stream)
    assert stream.start == 0


@pytest.mark.parametrize(
    ("changed", "resumes"),
    [
        ("promic_nb/reporting/plots/style.py", True),
        ("promic_nb/training/search.py", True),  # loaded by this test, not used by the training
        ("promic_nb/codecs/measure.py", True),
        ("promic_nb/training/fit.py", False),
        ("promic_nb/training/samples.py", False),  # draws the samples
        ("promic_nb/models/torchvision_engine.py", False),  # the model
        ("promic_nb/models/rois.py", False),  # imported by the model's module
        ("promic_nb/errors.py", False),  # imported by all of them
    ],
)
def test_an_unfinished_training_survives_a_change_in_code_that_it_does_not_use(
    tmp_path, slices, monkeypatch, changed, resumes
):
    assert "promic_nb.training.search" in sys.modules
    short(build_detector("small"), slices, tmp_path, 4, 2)
    monkeypatch.setattr(
        code, "sha256", lambda path: "other" if path.match(changed) else sha256(path)
    )
    stream = detection_crops(*slices, slices[0][0].shape, 128, seed=5)
    short(build_detector("small"), slices, tmp_path, 4, 4, stream=stream)
    assert stream.start == (4 if resumes else 0)  # two steps of two samples, or none


def test_equal_seeds_train_equal_weights(tmp_path, slices):
    a, b = (short(build_detector("small"), slices, tmp_path / name, 2, 2) for name in "ab")
    assert all(torch.equal(v, b.state_dict()[k]) for k, v in a.state_dict().items())


def changed_parts(before, after) -> set[str]:
    """The parts of a detector with a tensor that differs."""
    there = after.state_dict()
    return {k.split(".")[0] for k, v in before.state_dict().items() if not torch.equal(v, there[k])}


def test_frozen_stages_do_not_change_and_the_rest_does(tmp_path, slices):
    before = build_detector("small")
    after = short(build_detector("small"), slices, tmp_path, 2, 2, frozen="stages")
    changed = changed_parts(before, after)
    assert "stages" not in changed
    assert {"front", "neck", "rpn", "heads"} <= changed


def test_the_translator_alone_is_trained(tmp_path, slices):
    """Everything behind the front stays as it is, statistics of norms included."""
    before = build_detector("small")
    after = short(build_detector("small"), slices, tmp_path, 2, 2, frozen="detector")
    assert changed_parts(before, after) == {"front"}


@pytest.mark.parametrize("part", ["neck", "rpn", "heads"])
def test_the_detector_thaws_after_the_translator_was_trained_alone(tmp_path, slices, part):
    before, model = build_detector("small"), build_detector("small")
    fine_tuning = FineTuning(frozen_share=0.5, frozen_parts="detector")
    fine_tune(model, data(slices), Solver(4, 0.01), fine_tuning, quiet(tmp_path))
    pairs = zip(getattr(before, part).parameters(), getattr(model, part).parameters(), strict=True)
    assert not all(torch.equal(a, b) for a, b in pairs)


def norms(model):
    return [b for n, b in model.stages.named_buffers() if n.endswith("running_mean")]


@pytest.mark.parametrize(("stage_norms", "kept"), [("adapt", False), ("keep", True)])
def test_stages_thaw(tmp_path, slices, stage_norms, kept):
    """Two phases: the stages come out of the first as they went in, and move in the second; their
    statistics by choice.
    """
    before, model = build_detector("small"), build_detector("small")
    fine_tuning = FineTuning(
        frozen_share=0.5, free_learning_rate_factor=0.5, stage_norms=stage_norms
    )
    after = fine_tune(
        model,
        data(slices),
        Solver(4, 0.01),
        fine_tuning,
        quiet(tmp_path),
    )
    frozen = torch.load(tmp_path / "frozen" / "last.ckpt", weights_only=True)["state_dict"]
    assert all(
        torch.equal(v, frozen[f"model.{k}"])
        for k, v in before.state_dict().items()
        if k.startswith("stages")
    )
    assert not torch.equal(before.stages[0][0].weight, after.stages[0][0].weight)
    assert all(torch.equal(a, b) == kept for a, b in zip(norms(before), norms(after), strict=True))
    rates = [
        torch.load(tmp_path / phase / "last.ckpt", weights_only=True)["lr_schedulers"][0][
            "base_lrs"
        ]
        for phase in ("frozen", "free")
    ]
    assert rates[1] == pytest.approx([r / 2 for r in rates[0]])


def test_fine_tuning_resumes_in_either_phase(tmp_path, slices):
    def tuned(folder):
        fine_tuning = FineTuning(frozen_share=0.5)
        return fine_tune(
            build_detector("small"),
            data(slices),
            Solver(4, 0.01),
            fine_tuning,
            quiet(folder),
        )

    whole = tuned(tmp_path / "a")
    (
        tmp_path / "a" / "free" / "last.ckpt"
    ).unlink()  # killed before the second phase's first checkpoint
    assert all(
        torch.equal(v, tuned(tmp_path / "a").state_dict()[k]) for k, v in whole.state_dict().items()
    )


@pytest.mark.slow
def test_a_detector_trained_for_seconds_finds_mitochondria(tmp_path, tiny, slices):
    """The phantom is learnable: after 150 iterations, slices that were never seen."""
    model = train_detector(
        build_detector("small"),
        data(slices, crop=256),
        Solver(150, 0.02),
        quiet(tmp_path),
    )
    images = [tiny.image("test", i) for i in tiny.ids("test")]
    truth = [boxes_from_mask(tiny.mask("test", i)) for i in tiny.ids("test")]
    assert (
        average_precision(truth, detect_slices(model, images, images[0].shape, progress=False))[
            "AP50"
        ]
        > 0.4
    )
    assert (tmp_path / "last.ckpt").is_file()


def test_guided_translator_learns_a_linear_teacher(tmp_path):
    """Latents from which the teacher's features can be told: the relative error falls."""
    teacher = build_detector("small").eval()
    rng = np.random.default_rng(0)
    pixels = [
        np.kron(rng.integers(60, 200, (8, 8)), np.ones((16, 16))).astype(np.uint8) for _ in range(4)
    ]
    latents = [
        p.reshape(8, 16, 8, 16).mean((1, 3))[None].repeat(4, 0).astype(np.float32) / 100
        for p in pixels
    ]
    translator = build_translator("small", 4, lrb=True)
    train_translator(
        translator,
        teacher,
        TranslatorData(pixels, latents, (128, 128), crop=128),
        Solver(60, 5e-3, 4, "adam"),
        quiet(tmp_path),
    )
    error = pd.read_csv(tmp_path / "metrics.csv").relative_mse
    assert error.iloc[-1] < 0.1 * error.iloc[0]


def test_training_stops_early_and_keeps_the_best_weights(tmp_path, tiny, slices):
    """A rate of nearly nothing: no evaluation is better than the first, so training ends after the
    patience.
    """
    seen = (
        [tiny.image("val", i) for i in tiny.ids("val")],
        [boxes_from_mask(tiny.mask("val", i)) for i in tiny.ids("val")],
    )
    solver = Solver(20, 1e-9, eval_every=2, patience=4)
    validated = data(slices, validation=Slices(*seen, slices[0][0].shape))
    train_detector(build_detector("small"), validated, solver, quiet(tmp_path))
    log = pd.read_csv(tmp_path / "metrics.csv")
    assert len(log.AP50.dropna()) == 3  # one, and two that are no better
    kept = torch.load(tmp_path / "best.ckpt", weights_only=True)
    assert kept["global_step"] == 2
    with pytest.raises(UserError, match="not a multiple of eval_every"):
        train_detector(
            build_detector("small"), validated, Solver(5, 0.1, eval_every=2), quiet(tmp_path)
        )
    with pytest.raises(UserError, match="no validation slices"):
        train_detector(
            build_detector("small"), data(slices), Solver(4, 0.1, eval_every=2), quiet(tmp_path)
        )


@pytest.fixture
def validated(tiny, slices):
    """Training data with the validation slices."""
    ids = tiny.ids("val")
    seen = (
        [tiny.image("val", i) for i in ids],
        [boxes_from_mask(tiny.mask("val", i)) for i in ids],
    )
    return data(slices, validation=Slices(*seen, slices[0][0].shape))


def evaluations(folder):
    return len(pd.read_csv(folder / "metrics.csv").AP50.dropna())


def steps_in(checkpoint):
    return torch.load(checkpoint, weights_only=True)["global_step"]


def test_a_training_that_ended_early_does_not_go_on(tmp_path, validated):
    """Its state is that of the last evaluation, not of the best, and it knows that it has ended."""
    solver = Solver(20, 1e-9, eval_every=2, patience=4)
    first = train_detector(build_detector("small"), validated, solver, quiet(tmp_path))
    assert steps_in(tmp_path / "last.ckpt") == 6
    again = train_detector(build_detector("small"), validated, solver, quiet(tmp_path))
    assert steps_in(tmp_path / "last.ckpt") == 6
    assert evaluations(tmp_path) == 3
    assert all(torch.equal(v, again.state_dict()[k]) for k, v in first.state_dict().items())


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_a_patience_below_two_intervals_is_still_a_limit(tmp_path, validated, patience):
    """Training ends after the first evaluation at which the patience is over."""
    solver = Solver(20, 1e-9, eval_every=2, patience=patience)
    train_detector(build_detector("small"), validated, solver, quiet(tmp_path))
    assert evaluations(tmp_path) == 1 + -(-patience // 2)


def test_validation_slices_without_objects_are_refused(tmp_path, slices):
    bare = Slices([slices[0][0]], [slices[1][0][:0]], slices[0][0].shape)
    with pytest.raises(UserError, match="no validation slice shows an object"):
        train_detector(
            build_detector("small"),
            data(slices, validation=bare),
            Solver(2, 0.1, eval_every=1),
            quiet(tmp_path),
        )


class Killed(Callback):
    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == 5:
            raise RuntimeError("killed")


def test_a_training_goes_on_in_a_moved_folder(tmp_path, validated):
    """From the last evaluation, and what was best before is still to be beaten."""
    solver, before, after = Solver(6, 1e-9, eval_every=2), tmp_path / "a", tmp_path / "b"
    options = FitOptions(before, progress=False, callbacks=[Killed()])
    with pytest.raises(RuntimeError, match="killed"):
        train_detector(build_detector("small"), validated, solver, options)
    assert (steps_in(before / "best.ckpt"), steps_in(before / "last.ckpt")) == (2, 4)
    before.rename(after)
    train_detector(build_detector("small"), validated, solver, quiet(after))
    assert (steps_in(after / "best.ckpt"), steps_in(after / "last.ckpt")) == (2, 6)
    assert evaluations(after) == 3


def test_crops_of_many_sizes_train(tmp_path, slices):
    model = train_detector(
        build_detector("small"),
        data(slices, crop=0.5),
        Solver(2, 0.01),
        quiet(tmp_path),
    )
    assert all(torch.isfinite(v).all() for v in model.weights().values())


def test_the_teacher_does_not_change(tmp_path):
    teacher = build_detector("small")
    before = {k: v.clone() for k, v in teacher.state_dict().items()}
    pixels, latents = [np.zeros((128, 128), np.uint8)], [np.zeros((8, 8, 8), np.float32)]
    translator = build_translator("small", 8, lrb=False)
    train_translator(
        translator,
        teacher,
        TranslatorData(pixels, latents, (128, 128), crop=128),
        Solver(2, 1e-3),
        quiet(tmp_path),
    )
    assert all(torch.equal(before[k], v) for k, v in teacher.state_dict().items())
    assert mirror(teacher, translator).front.translator is translator


def test_codec_training_lowers_its_loss_and_is_reproducible(tmp_path, tiny):
    training = CodecTraining(0.01, 30, crop=64, batch=2, precision="32-true")
    a, b = (
        train_codec(training_slices(tiny), training, FitOptions(tmp_path / n, progress=False))
        for n in "ab"
    )
    assert all(torch.equal(v, b.state_dict()[k]) for k, v in a.state_dict().items())
    psnr = pd.read_csv(tmp_path / "a" / "metrics.csv").psnr_db
    assert psnr.iloc[-1] > 14  # a flat grey patch has about 16 dB, noise about 8


def short_codec(tiny, folder, steps, start=None, **options):
    """A codec after a few iterations of one crop."""
    training = CodecTraining(0.01, steps, crop=64, batch=1, **options)
    return train_codec(training_slices(tiny), training, FitOptions(folder, progress=False), start)


def changed(before, after) -> set[str]:
    """First parts of the names of tensors that differ."""
    later = after.state_dict()
    return {k.split(".")[0] for k, v in before.state_dict().items() if not torch.equal(v, later[k])}


def test_only_decoder_and_prior_learn_with_plain_rounding(tmp_path, tiny):
    start = short_codec(tiny, tmp_path / "a", 1, dithered=0.0)
    after = short_codec(tiny, tmp_path / "b", 2, start, dithered=0.0)
    assert changed(start, after) == {
        "synthesis",
        "hyper_decoder",
        "hyper_scale_decoder",
        "context",
        "z_prior",
    }


def test_the_prior_learns_first_and_alone(tmp_path, tiny):
    options = FitOptions(tmp_path, progress=False)
    training = CodecTraining(
        0.01, 1, prior_steps=3, crop=64, batch=1, lowest_gain=-600, highest_gain=600
    )
    train_codec(training_slices(tiny), training, options)
    log = pd.read_csv(tmp_path / "prior" / "metrics.csv")
    assert len(log) == 3 and log.bpp.gt(0).all() and "psnr_db" not in log


def test_another_operation_point_keeps_the_shared_networks(tmp_path, tiny):
    bop = short_codec(tiny, tmp_path / "a", 1)
    hop = short_codec(tiny, tmp_path / "b", 2, bop, op="hop")
    common = {
        k: v for k, v in bop.state_dict().items() if not k.startswith(("analysis", "synthesis"))
    }
    assert all(torch.equal(v, hop.state_dict()[k]) for k, v in common.items())


def guided_pairs():
    """Pixels and latents of four slices of 128x128; the latents are means of 16x16 pixels."""
    rng = np.random.default_rng(0)
    pixels = [
        np.kron(rng.integers(60, 200, (8, 8)), np.ones((16, 16))).astype(np.uint8) for _ in range(4)
    ]
    means = [p.reshape(8, 16, 8, 16).mean((1, 3)) for p in pixels]
    latents = [m[None].repeat(4, 0).astype(np.float32) / 100 for m in means]
    return TranslatorData(pixels, latents, (128, 128), crop=128)


def test_the_normalized_loss_weighs_channels_by_their_spread():
    """Channels of spread 10 and 100, each off by a tenth of its own values: by Eq. 40 nearly all of
    the error is in the loud one; normalized, both count alike but for the floor of quiet channels.
    """
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 1, 64, 64))).float()
    target = x * torch.tensor([10.0, 100.0]).view(1, 2, 1, 1)
    power, variance = x.square().mean().item(), x.var().item()
    assert feature_loss(1.1 * target, target, "mse").item() == pytest.approx(
        0.01 * (100 + 10**4) / 2 * power, rel=1e-4
    )
    floor = QUIET * (100 + 10**4) / 2
    shares = [100 / (100 + floor), 10**4 / (10**4 + floor)]
    assert feature_loss(1.1 * target, target, "normalized").item() == pytest.approx(
        0.01 * np.mean(shares) * power / variance, rel=1e-3
    )


def test_norms_are_estimated_again_from_all_batches(tmp_path):
    """The first norm's statistics are then those of the latents, not a running mix."""
    teacher, data = build_detector("small").eval(), guided_pairs()
    found = {}
    for batches in (0, 4):
        translator = build_translator("small", 4, lrb=False)
        train_translator(
            translator,
            teacher,
            data,
            Solver(2, 1e-3, 4, "adam"),
            quiet(tmp_path / str(batches)),
            Distillation(norm_batches=batches),
        )
        found[batches] = translator.upsample[0].running_mean
    truth = torch.from_numpy(np.mean(data.latents, axis=(0, 2, 3)))
    assert torch.allclose(found[4], truth, rtol=0.02)
    assert not torch.allclose(found[0], truth, rtol=0.2)


def test_gdtt_learns_from_slices_of_odd_sizes_below_the_crop(tmp_path):
    """97x131 pixels and a latent of 7x9: the teacher pads the pixels to 128x160."""
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (97, 131), dtype=np.uint8) for _ in range(2)]
    latents = [rng.normal(size=(8, 7, 9)).astype(np.float32) for _ in range(2)]
    teacher = build_detector("small")
    translator = build_translator("small", 8, True)
    before = {k: v.clone() for k, v in translator.state_dict().items()}
    train_translator(
        translator,
        teacher,
        TranslatorData(pixels, latents, (97, 131), 256),
        Solver(2, 0.01),
        FitOptions(tmp_path),
    )
    after = translator.state_dict()
    assert any(not torch.equal(before[k], after[k]) for k in before)
    assert all(torch.isfinite(v).all() for v in after.values() if v.is_floating_point())
