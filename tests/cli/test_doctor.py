"""What is here, what is missing, and how to install it."""

import json
import platform

import pytest
from typer.testing import CliRunner

from promic_nb.cli import doctor
from promic_nb.cli.doctor import machine, parts
from promic_nb.cli.doctor.findings import Finding
from promic_nb.cli.main import app
from promic_nb.cli.screens import show
from promic_nb.cli.screens.doctor import screen
from promic_nb.codecs.jpegai import weights
from promic_nb.runs.throughput import Throughput

LOCK = """typer==1.2.3 ; python_full_version < '3.13' \\
    --hash=sha256:00
colorama==0.4 ; sys_platform == 'win32' \\
    --hash=sha256:00
no-such-package==9 \\
    --hash=sha256:00
    # via nothing
"""


def found(part) -> dict[str, Finding]:
    return {f.name: f for f in (Finding("part", *row) for row in part())}


def test_the_lock_is_compared_with_what_is_installed(tmp_path, monkeypatch):
    assert machine.locked_versions(LOCK) == {"typer": "1.2.3", "no-such-package": "9"}
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    (tmp_path / "requirements.lock").write_text(LOCK)
    here = found(machine.environment)
    assert (
        here["Python"].about.startswith(platform.python_version()) and here["Python"].state == "ok"
    )
    assert here["packages"].state == "missing" and here["packages"].remedy == "make install"
    assert (
        "no-such-package not installed (locked: 9)" in here["packages"].about
        and "(locked: 1.2.3)" in here["packages"].about
    )


def test_wrong_codec_weights_break_the_installation(tmp_path, monkeypatch):
    assert {f.state for name, f in found(parts.weights).items() if name.startswith("jpegai")} == {
        "ok"
    }
    monkeypatch.setattr(
        weights,
        "registry",
        lambda: {"a.safetensors": {"sha256": "0" * 64}, "b.safetensors": {"sha256": "0" * 64}},
    )
    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    (tmp_path / "a.safetensors").write_bytes(b"other")
    here = found(parts.weights)
    assert here["a.safetensors"].state == here["b.safetensors"].state == "broken"
    assert "hash" in here["a.safetensors"].about and "no such file" in here["b.safetensors"].about
    assert here["a.safetensors"].remedy == "git checkout -- data/weights/a.safetensors"


def test_data_sets_are_looked_up_where_runs_do(tmp_path, tiny_root, monkeypatch):
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    monkeypatch.setenv("PROMIC_DATA", str(tiny_root))
    assert found(parts.data)["PROMIC_DATA"].state == "ok"
    monkeypatch.setenv("PROMIC_DATA", str(tmp_path / "none"))
    here = found(parts.data)
    assert here["PROMIC_DATA"].state == "missing" and here["phantom"].state == "ok"
    assert "promic data lucchi" in here["lucchi"].remedy


def test_too_little_disk_space_is_reported(monkeypatch):
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1e6})())
    throughput = Throughput("m", "o", 1.0, {}, disk_gb={"paper": 40.0})
    monkeypatch.setattr(machine, "read_throughput", lambda: throughput)
    here = found(machine.disk)
    assert (
        here["free"].state == "broken"
        and here["for paper"].state == "missing"
        and "about 40 GB needed" in here["for paper"].about
    )


def test_every_metric_is_tried(monkeypatch):
    monkeypatch.setattr("promic_nb.metrics.vmaf._has_libvmaf", lambda: False)
    monkeypatch.setattr("promic_nb.metrics.vmaf.version", lambda: "ffmpeg 1")
    here = found(parts.metrics)
    assert here["vmaf"].state == "missing" and "imageio-ffmpeg" in here["vmaf"].remedy
    assert "psnr_hvs_m" in here["computed here"].about and "vmaf" not in here["computed here"].about


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("missing", 0), ("broken", 1)])
def test_the_exit_code_says_whether_runs_are_possible(monkeypatch, state, code):
    monkeypatch.setattr(
        doctor, "examine", lambda: [Finding("torch", "torch", state, "about", "make install")]
    )
    shown = CliRunner().invoke(app, ["doctor"])
    assert shown.exit_code == code
    assert ("-> make install" in shown.stdout) == (state != "ok")
    listed = CliRunner().invoke(app, ["doctor", "--json"])
    assert listed.exit_code == code and json.loads(listed.stdout)[0]["state"] == state


def test_a_broken_torch_is_a_finding_and_no_traceback(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)  # importing it raises
    assert found(machine.torch_and_device)["torch"].state == "broken"


def test_the_screen_shows_every_part(capsys):
    show(screen([Finding(part, part, "ok", "about") for part in doctor.EXAMINATIONS]))
    out = capsys.readouterr().out
    assert all(part in out for part in doctor.EXAMINATIONS) and "Ready to run" in out
