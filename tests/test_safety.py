"""Safe by default: no reader runs what it reads, nothing is unpacked or run as a shell line
unchecked; and any profile ends in one line.
"""

import ast
import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promic_nb.errors import UserError
from promic_nb.experiment.profile import Profile, load_profile
from promic_nb.notebook import parameters

ROOT = Path(__file__).parents[1]
SOURCES = {str(p.relative_to(ROOT)): p.read_text() for p in (ROOT / "promic_nb").rglob("*.py")}
SOURCES |= {
    str(p.relative_to(ROOT)): "\n".join(
        re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE)
        for source, _ in parameters.code_cells(p)
    )
    for p in (ROOT / "notebooks").glob("*.ipynb")
}
# What may stand where it stands, and why.
ALLOWED = {
    (
        "promic_nb/notebook/parameters.py",
        "exec",
    ),  # the typed `parameters` cell of a notebook of the project, never a value of the user's
    (
        "promic_nb/models/checkpoints.py",
        "pickle.Unpickler",
    ),  # the base of the reader that admits arrays and nothing else
    ("promic_nb/datasets/download.py", "extractall"),  # after each path of the archive was checked
}


def unsafe(source: str) -> list[str]:
    """Calls and bases that run, unpack or shell what they are given."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            found += [
                name
                for base in node.bases
                if (name := ast.unparse(base)) in ("pickle.Unpickler", "Unpickler")
            ]
        if not isinstance(node, ast.Call):
            continue
        name, given = ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords}
        last = name.rpartition(".")[2]
        if name == "torch.load" and given.get("weights_only") != "True":
            found.append(name)
        if name in ("eval", "exec", "os.system", "os.popen") or last in (
            "extractall",
            "extract",
            "unpack_archive",
            "read_pickle",
            "unsafe_load",
        ):
            found.append(name if name in ("eval", "exec", "os.system", "os.popen") else last)
        if name in ("pickle.load", "pickle.loads", "pickle.Unpickler", "joblib.load", "dill.load"):
            found.append(name)
        if (
            name == "yaml.load"
            or given.get("shell") == "True"
            or given.get("allow_pickle") == "True"
        ):
            found.append(name)
        if name.endswith("urlretrieve") or (
            name.startswith("requests.") and given.get("verify") == "False"
        ):
            found.append(name)
    return found


@pytest.mark.parametrize("file", SOURCES)
def test_no_module_executes_what_it_reads(file):
    assert not [name for name in unsafe(SOURCES[file]) if (file, name) not in ALLOWED]


@pytest.mark.parametrize(
    "line",
    [
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "pickle.load(f)",
        "yaml.load(text, Loader)",
        "subprocess.run(line, shell=True)",
        "eval(text)",
        "exec(text)",
        "archive.extractall(folder)",
        "pandas.read_pickle(path)",
        "np.load(path, allow_pickle=True)",
        "os.system(line)",
        "class A(pickle.Unpickler): pass",
        "urllib.request.urlretrieve(url)",
    ],
)
def test_the_scan_detects_unsafe_calls(line):
    assert unsafe(line)


def test_the_exceptions_are_still_needed():
    assert {(file, name) for file, _ in ALLOWED for name in unsafe(SOURCES[file])} == ALLOWED


def test_snakemake_quotes_what_comes_from_users():
    """Every value in a shell line is quoted (`:q`)."""
    text = (ROOT / "Snakefile").read_text()
    values = [
        value
        for line in re.findall(r'^ *"(.*)"', text, flags=re.MULTILINE)
        for value in re.findall(r"\{([^}]*)\}", line)
    ]
    assert {"params.yaml:q", "params.path:q", "log:q"} <= set(values)
    assert all(value.endswith(":q") for value in values), values


SMOKE = yaml.safe_load((ROOT / "config" / "smoke.yaml").read_text())
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["jpeg", "low", "../x", "A", "small", 10**400, -1, 64]),
)
KEYS = st.one_of(
    st.text(max_size=6),
    st.integers(),
    st.sampled_from(
        [*Profile.model_fields, "beta", "target_bpp", "quality", "jpeg", "steps", "codecs"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


def places(value, path=()):
    """Every place in a nested value."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def ends_in_a_profile_or_one_line(config: dict) -> None:
    try:
        assert isinstance(load_profile(config), Profile)
    except UserError as error:
        assert "\n" not in str(error) and error.remedy


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_mapping_ends_in_a_profile_or_one_line(config):
    ends_in_a_profile_or_one_line(config)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(st.sampled_from([p for p in places(SMOKE) if p]), VALUES)
def test_a_profile_with_anything_in_one_place_ends_in_a_profile_or_one_line(place, value):
    config = json.loads(json.dumps(SMOKE))
    at = config
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    ends_in_a_profile_or_one_line(config)


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DECLARED = {path.stem: parameters.declared(path) for path in NOTEBOOKS}


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(st.data(), st.sampled_from(sorted(DECLARED)))
def test_any_parameters_are_accepted_or_end_in_one_line(data, notebook):
    model = DECLARED[notebook]
    names = st.one_of(st.sampled_from(sorted(model.model_fields)), KEYS)
    values = data.draw(st.dictionaries(names, VALUES, max_size=3))
    try:
        assert set(parameters.check(model, values, notebook)) == set(model.model_fields)
    except UserError as error:
        assert "\n" not in str(error) and error.remedy
