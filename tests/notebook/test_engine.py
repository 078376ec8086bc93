"""The papermill engine keeps two runs of one notebook apart."""

import subprocess
import sys
import threading
import time

import papermill  # noqa: F401  (first: it loads its engines, of which this is one)

from promic_nb.notebook.engine import alone

HOLD = """
import papermill, sys
from promic_nb.notebook.engine import alone
with alone(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_run_waits_for_the_one_before_it(tmp_path, capfd):
    output, through = str(tmp_path / "out.ipynb"), threading.Event()
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, output],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout.readline() == "held\n"
    with alone(str(tmp_path / "other.ipynb")):
        pass  # another notebook does not wait

    def late() -> None:
        with alone(output):
            through.set()

    waiting = threading.Thread(target=late, daemon=True)
    waiting.start()
    while "waiting for it to finish" not in capfd.readouterr().err:
        assert waiting.is_alive()
        time.sleep(0.05)
    assert not through.is_set()
    other.kill()  # the lock dies with its process
    assert through.wait(60)
    other.communicate()


def test_without_an_output_nothing_is_locked():
    with alone(None), alone(None):
        pass
