"""What each rule of the workflow runs, reads and writes, without Snakemake."""

import re
from pathlib import Path

import pytest
import yaml

from promic_nb.errors import UserError
from promic_nb.experiment import jobs
from promic_nb.experiment.jobs import rule
from promic_nb.experiment.jobs.extensions import ALL, KIND
from promic_nb.experiment.profile import Profile, load_profile

ROOT = Path(__file__).parents[2]
PROFILES = sorted((ROOT / "config").glob("*.yaml"))
EXTENSIONS = {
    "channels": [20],
    "guidance": [0.5],
    "one_model": ["none", "gain"],
    "masks": True,
}


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch, project):
    monkeypatch.chdir(project)


def loaded(path: Path, **changes) -> Profile:
    return load_profile({**yaml.safe_load(path.read_text()), **changes})


@pytest.fixture
def smoke() -> Profile:
    return loaded(ROOT / "config" / "smoke.yaml")


@pytest.fixture
def tiny(smoke) -> Profile:
    """The smoke profile where models start from the A that they are compared with."""
    return smoke.model_copy(update={"equal_budget": False})


@pytest.fixture(params=PROFILES, ids=lambda path: path.stem)
def extended(request) -> Profile:
    """Each profile with all kinds of extensions, at a rate that is not its highest."""
    recipes = yaml.safe_load(request.param.read_text())["recipes"]
    assert {"A", "ProMIC"} <= set(recipes)
    rates = list(loaded(request.param).rates)
    return loaded(request.param, extensions={"rate": rates[0], **EXTENSIONS})


def fillings(made: jobs.Rule) -> dict[str, str]:
    """A value for each wildcard: the first choice of its expression."""
    examples = {r"\d+": "0", r"[a-z_]+": "jjnet", r"\d+|random": "75"}
    first = {name: choices.split("|")[0] for name, choices in made.wildcards.items()}
    first = {n: examples.get(made.wildcards[n], v) for n, v in first.items()}
    return first | ({"loss": "mse"} if "loss" in first else {})


def test_every_rule_has_checked_parameters_inputs_and_outputs(extended):
    for name, made in jobs.rules(extended).items():
        values = yaml.safe_load(made.yaml(**fillings(made)))
        assert values["profile"] == extended.profile, name
        inputs = made.inputs(**fillings(made))
        assert inputs["notebook"] == f"notebooks/{made.notebook}.ipynb"
        assert all((ROOT / file).is_file() for file in inputs["code"])
        written = [made.log, made.benchmark, *map(str, made.files.values())]
        for text in written:
            assert set(re.findall(r"\{(\w+)\}", text)) == set(made.wildcards), (name, text)


def test_outputs_are_where_the_notebook_is_told_to_write(extended):
    """A wildcard filled in the patterns of outputs gives the folder in the parameters."""
    for name, made in jobs.rules(extended).items():
        filled = fillings(made)
        values = yaml.safe_load(made.yaml(**filled))
        places = [values[key] for key in ("folder", "tables", "figures") if key in values]
        for kind, files in made.files.items():
            for file in files if kind != "notebook" else []:
                at = file.format(**filled)
                assert any(at.startswith(f"{place}/") for place in places), (name, at)


def test_every_input_of_a_job_is_another_jobs_output_or_stored(extended):
    """The graph has no loose end, and no two rules write one file."""
    made = jobs.rules(extended)
    patterns = []
    for name, each in made.items():
        for files in each.files.values():
            for file in files if isinstance(files, list) else [files]:
                pattern = re.escape(file)
                for wildcard, choices in each.wildcards.items():
                    group, held = re.escape(f"{{{wildcard}}}"), f"(?P<{wildcard}>{choices})"
                    pattern = pattern.replace(group, held, 1).replace(group, f"(?P={wildcard})")
                patterns.append((name, re.compile(pattern)))
    for name, each in made.items():
        for kind, files in each.inputs(**fillings(each)).items():
            for file in files if isinstance(files, list) else [files]:
                makers = [n for n, pattern in patterns if pattern.fullmatch(file)]
                if file == str(extended.run.data) or kind in ("code", "notebook"):
                    assert not makers
                elif file.startswith("data/runs/"):
                    assert len(makers) == 1 and makers != [name], (name, file, makers)
                else:
                    assert (ROOT / file).is_file(), (name, file)


def test_a_variants_detector_is_trained_like_the_plain_one(extended):
    made, rate = jobs.rules(extended), extended.extensions.rate
    for variant, options in extended.extensions.variants().items():
        for recipe in ("A", "ProMIC") if variant == "masks" else ("ProMIC",):
            at = ALL if "rate_input" in options else rate
            near = list(extended.rates)[-1] if at == ALL else rate
            own = {"folder", "rate", "latents", "rates", "translator", "importance_of", *options}
            job = dict(recipe=recipe, seed="0")
            varied = made["extension_model"].job(variant=variant, rate=at, **job).parameters
            plain = made["model"].job(rate=near, **job).parameters
            differ = {k for k in {*varied, *plain} if varied.get(k) != plain.get(k)}
            assert differ <= own, variant
            assert {"folder", *options} <= differ
            assert options.items() <= varied.items()
            for key in ("learning_rate", "batch", "steps", "solver", "start", "crop"):
                if key in plain:
                    assert varied[key] == plain[key]


def test_a_variants_translator_is_trained_like_the_plain_one(extended):
    made, rate = jobs.rules(extended), extended.extensions.rate
    variants = extended.extensions.variants()
    for variant in ("channels20-variance", "channels20-importance", "one-model-gain"):
        at = ALL if variant == "one-model-gain" else rate
        near = list(extended.rates)[-1] if at == ALL else rate
        varied = made["extension_translator"].job(variant=variant, rate=at, seed="0").parameters
        plain = made["guided_translator"].job(lrb=KIND, rate=near, seed="0").parameters
        own = {"folder", "rate", "latents", "rates", "importance_of", *variants[variant]}
        differ = {k for k in {*varied, *plain} if varied.get(k) != plain.get(k)}
        assert {"folder", *variants[variant]} <= differ <= own, variant


def test_published_hyperparameters_reach_plain_translators_and_variants():
    """Table 18 at 0.50 bpp: learning rate 0.679, one slice a batch."""
    paper = loaded(ROOT / "config" / "paper.yaml")
    made = jobs.rules(paper)
    plain = made["guided_translator"].job(lrb="lrb", rate="r050", seed="0").parameters
    varied = (
        made["extension_translator"]
        .job(variant="channels20-variance", rate="r050", seed="0")
        .parameters
    )
    for values in (plain, varied):
        assert (values["learning_rate"], values["batch"]) == (0.679, 1)


def test_variants_read_their_own_translator_where_it_differs(tiny):
    made = jobs.rules(tiny)["extension_model"]

    def translator(variant, rate):
        job = made.job(variant=variant, recipe="ProMIC", rate=rate, seed="0")
        assert job.inputs["translator"] == job.parameters["translator"]
        return job.parameters["translator"].parents[3].name

    assert translator("channels8-importance", "high") == "channels8-importance"
    assert translator("one-model-gain", "all") == "one-model-gain"
    assert translator("masks", "high") == "models"
    plain = made.job(variant="masks", recipe="A", rate="high", seed="0")
    assert "translator" not in plain.inputs and plain.parameters["masks"] is True


def test_a_model_reads_what_its_recipe_needs(tiny):
    model = jobs.rules(tiny)["model"].job
    original = model(recipe="original", rate="pixels", seed="0")
    assert set(original.inputs) == {"data"}
    a = model(recipe="A", rate="low", seed="0")
    run = "data/runs/smoke/phantom"
    assert str(a.parameters["start"]) == f"{run}/models/original/pixels/seed0/model.safetensors"
    promic = model(recipe="ProMIC", rate="low", seed="3")
    assert str(promic.parameters["start"]) == f"{run}/models/A/low/seed3/model.safetensors"
    assert str(promic.inputs["translator"]) == (
        f"{run}/models/translator-lrb/low/seed3/model.safetensors"
    )
    assert [str(path) for path in promic.inputs["signatures"]] == [
        f"{run}/latents/low/{split}/signature.json" for split in ("train", "test")
    ]


def test_a_of_equal_budget_gets_the_iterations_that_latent_models_get_after_it(tiny):
    """Both go on from one first A: four iterations of GDTT and four of the detector, or eight."""
    equal = tiny.model_copy(update={"equal_budget": True})
    made = jobs.rules(equal)
    first = made["start_model"].job(rate="low", seed="0").parameters
    a = made["model"].job(recipe="A", rate="low", seed="0").parameters
    promic = made["model"].job(recipe="ProMIC", rate="low", seed="0").parameters
    translator = made["guided_translator"].job(lrb="lrb", rate="low", seed="0").parameters
    assert (
        a["start"]
        == promic["start"]
        == translator["teacher"]
        == (equal.run.weights(first["folder"]))
    )
    assert (first["steps"], a["steps"]) == (4, 8)
    assert translator["steps"] + promic["steps"] == a["steps"]
    assert "models/original" in str(first["start"])
    assert "start_model" not in jobs.rules(tiny)


def test_some_recipes_are_trained_at_some_of_the_rates(tiny):
    few = tiny.model_copy(update={"only_rates": {"B": ["high"]}})
    trained = {str(path) for path in jobs.study.models(few)}
    run = "data/runs/smoke/phantom/models"
    assert trained == {
        f"{run}/original/pixels/seed0",
        *(f"{run}/{recipe}/{rate}/seed0" for recipe in ("A", "ProMIC") for rate in ("low", "high")),
        f"{run}/B/high/seed0",
    }


@pytest.mark.parametrize(("study", "first_norm"), [("printed", "one"), ("improved", "natural")])
def test_a_study_decides_how_translators_start(tiny, study, first_norm):
    chosen = tiny.model_copy(update={"study": study})
    made = jobs.rules(chosen)
    of = dict(rate="low", seed="0")
    for values in (
        made["guided_translator"].job(lrb="lrb", **of).parameters,
        made["model"].job(recipe="B", **of).parameters,
    ):
        assert values["first_norm"] == first_norm and values["augmentation"] == "encoded"
    a = made["model"].job(recipe="A", **of).parameters
    assert "first_norm" not in a and a["study"] == study and a["augmentation"] == "encoded"


def test_an_experiment_differs_in_its_setting_only():
    """Each setting of the diagnosis changes what it names; what it does not name about the
    translator, it takes from the profile's own translator.
    """
    profile = loaded(ROOT / "config" / "diagnosis.yaml")
    made, of = jobs.rules(profile), dict(rate="high", seed="0")
    for name, setting in profile.diagnosis.settings().items():
        question = profile.diagnosis.questions[name.split(".")[0]]
        for recipe in question.recipes:
            varied = made["diagnosis_model"].job(setting=name, recipe=recipe, **of).parameters
            plain = made["model"].job(recipe=recipe, **of).parameters
            differ = {k for k in {*varied, *plain} if varied.get(k) != plain.get(k)}
            named = {"folder", "translator", *setting.common, *setting.detector}
            assert {"folder"} <= differ <= named, (name, recipe)
            assert "first_norm" not in differ or recipe != "A"
        varied = made["diagnosis_translator"].job(setting=name, lrb="lrb", **of).parameters
        plain = made["guided_translator"].job(lrb="lrb", **of).parameters
        differ = {k for k in varied if varied[k] != plain.get(k)}
        assert differ <= {"folder", *setting.common, *setting.translator}, name
    own = made["diagnosis_model"].job(setting="batch.four", recipe="ProMIC", **of)
    new = made["diagnosis_model"].job(setting="gdtt.norms", recipe="ProMIC", **of)
    assert "models/translator-lrb" in str(own.inputs["translator"])
    assert "diagnosis/gdtt.norms/translator-lrb" in str(new.inputs["translator"])


def test_the_diagnosis_never_looks_at_test_slices():
    profile = loaded(ROOT / "config" / "diagnosis.yaml")
    made = jobs.rules(profile)
    of = dict(recipe="ProMIC", rate="high", seed="0")
    assert made["model"].job(**of).parameters["tested"] == ["val"]
    for name in profile.diagnosis.settings():
        tested = made["diagnosis_model"].job(setting=name, **of).parameters["tested"]
        assert "val" in tested and "test" not in tested


def test_validation_slices_are_encoded_and_read_where_a_profile_has_them(tiny):
    paper = loaded(ROOT / "config" / "paper.yaml")
    assert "val_every" not in jobs.study.model(tiny, "A", "low", "0").parameters
    assert jobs.study.model(paper, "A", "r050", "0").parameters["val_every"] == 1
    splits = [path.parent.name for path in jobs.study.signatures(paper, "r050")]
    assert splits == ["train", "test", "val"]


def test_the_model_whose_translator_alone_is_trained_differs_from_c_in_that(tiny):
    frozen = jobs.probes.translator_alone(tiny, tiny.probes, "0")
    plain = jobs.study.model(tiny, "C", "low", "0")
    differ = {k for k, v in frozen.parameters.items() if plain.parameters[k] != v}
    assert differ == {"folder", "fine_tuning"} and frozen.inputs == plain.inputs
    assert frozen.parameters["fine_tuning"] == {"frozen_share": 1.0, "frozen_parts": "detector"}


def test_a_run_depends_on_its_weights():
    def names(codec, settings):
        return [str(path) for path in rule.weight_files(codec, settings, "lucchi")]

    assert names("jpegai_bop_off", [{"beta": 0.005, "gain": 5}]) == [
        "data/weights/jpegai_beta0.005.safetensors"
    ]
    assert names("jpegai_hop_on", [{"target_bpp": [0.1]}]) == ["data/weights/registry.yaml"]
    assert names("jpegai_vm33", [{}]) == ["data/weights/jpegai_vm33_prior.safetensors"]
    assert names("hevc", [{"target_bpp": [0.1]}]) == []


def test_parameters_survive_yaml():
    given = {
        "codec": "hevc",
        "settings": [{"qp": 30}],
        "every": 3,
        "data": "a path/with 'quotes'; rm -rf $HOME",
    }
    assert yaml.safe_load(rule.notebook_parameters("03_codec_benchmark", given)) == given


def test_a_misspelt_parameter_is_refused():
    with pytest.raises(UserError, match=r"03_codec_benchmark\.ipynb: unknown parameter 'codecs'"):
        rule.notebook_parameters("03_codec_benchmark", {"codecs": "hevc"})


def test_every_notebook_has_a_job_except_those_run_by_hand(tiny):
    named = {made.notebook for made in jobs.rules(tiny).values()}
    stored = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert named <= stored
    by_hand = {
        "00_quickstart",
        "02_train_codec",
        "22_search",
        "23_search_results",
    }  # a page to look around, a result that is shipped, a search
    assert stored - named == by_hand


def test_the_report_waits_for_every_page_that_no_other_one_reads(smoke):
    made = jobs.rules(smoke)
    assert {name for name, each in made.items() if not each.reported} == {
        "benchmark",
        "latents",
        "guided_translator",
        "model",
        "train_deblocking",
        "latent_learning_train",
        "multitask_train",
        "translator_alone",
        "features",
        "cross_rate",
        "extension_translator",
        "extension_model",
        "start_model",
        "diagnosis_translator",
        "diagnosis_model",
    }


def test_only_a_profile_with_pretrained_weights_compares_what_models_start_from(tiny):
    assert "pretrained_model" not in jobs.rules(tiny)
    paper = loaded(ROOT / "config" / "paper.yaml")
    made = jobs.rules(paper)["pretrained_model"]
    values = yaml.safe_load(made.yaml())
    assert (values["weights"], values["start"], values["recipe"]) == ("coco", "", "B")
    assert "start" not in made.inputs()
    starts = yaml.safe_load(jobs.rules(paper)["probes"].yaml())["starts"]
    assert starts == {
        "pixels": "data/runs/paper/lucchi/models/B/r050/seed0/ap.parquet",
        "coco": "data/runs/paper/lucchi/features/r050/seed0/pretrained/ap.parquet",
    }
    assert starts["coco"] in made.files["tables"]


def test_a_cluster_gives_every_training_a_gpu_and_more_time(smoke, tiny):
    gpu = yaml.safe_load((ROOT / "config" / "gpu" / "config.yaml").read_text())["set-resources"]
    made = jobs.rules(loaded(ROOT / "config" / "paper.yaml"))
    every = (jobs.rules(smoke), made)
    assert set(gpu) == {n for rules in every for n, each in rules.items() if each.training}
    assert (made["model"].memory_mb, made["model"].minutes) == (12000, 1440)
    assert (made["detection"].memory_mb, made["detection"].minutes) == (6000, 360)
    assert (jobs.rules(tiny)["model"].memory_mb, jobs.rules(tiny)["model"].minutes) == (3000, 60)
