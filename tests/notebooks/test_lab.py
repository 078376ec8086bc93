"""JupyterLab, as `make lab` starts it: the server answers, and the notebooks' kernel computes."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PATIENCE = 180
pytestmark = pytest.mark.notebook


def test_every_notebook_names_a_kernel_that_is_here():
    here = KernelSpecManager().get_all_specs()
    for path in NOTEBOOKS:
        name = nbformat.read(path, as_version=4).metadata.kernelspec.name
        assert name in here, path
        command = here[name]["spec"]["argv"][0]
        assert command == "python" or Path(command).resolve() == Path(sys.executable).resolve()


def test_the_kernel_computes_with_this_environment():
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=PATIENCE)
    try:
        said = []
        client.execute_interactive(
            "import sys, promic_nb; print(sys.prefix)",
            timeout=PATIENCE,
            output_hook=lambda m: said.append(m["content"].get("text", "")),
        )
        assert "".join(said).strip() == sys.prefix
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_the_lab_lists_notebooks_and_kernel(tmp_path, project):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        Path(sys.executable).parent / "jupyter",
        "lab",
        "notebooks",
        "--no-browser",
        f"--port={port}",
        "--IdentityProvider.token=secret",
        "--allow-root",
    ]
    environment = {
        **os.environ,
        "JUPYTER_RUNTIME_DIR": str(tmp_path),
        "JUPYTER_CONFIG_DIR": str(tmp_path),
    }
    server = subprocess.Popen(
        command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        assert "python3" in get(port, "kernelspecs", server)["kernelspecs"]
        assert {f["name"] for f in get(port, "contents", server)["content"]} >= {
            p.name for p in NOTEBOOKS
        }
    finally:
        server.terminate()
        server.wait(60)


def get(port: int, what: str, server: subprocess.Popen) -> dict:
    """An answer of the server's API, as soon as it has started."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/{what}", headers={"Authorization": "token secret"}
    )
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.URLError:
            assert time.monotonic() < until and server.poll() is None, "the server did not start"
            time.sleep(0.5)
