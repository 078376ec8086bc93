"""The papermill engine keeps two runs of one notebook apart."""

import multiprocessing
import time

import papermill  # noqa: F401  (first: it loads its engines, of which this is one)

from promic_nb.engine import alone


def _hold(output, began, end):
    with alone(output):
        began.set()
        end.wait(60)


def test_a_run_waits_for_the_one_before_it(tmp_path, capfd):
    output = str(tmp_path / "out.ipynb")
    context = multiprocessing.get_context("spawn")
    began, late, end = context.Event(), context.Event(), context.Event()
    other = context.Process(target=_hold, args=(output, began, end))
    other.start()
    assert began.wait(60)
    with alone(str(tmp_path / "other.ipynb")):
        pass  # another notebook does not wait
    waiting = context.Process(target=_hold, args=(output, late, end))
    waiting.start()
    while "waiting for its end" not in capfd.readouterr().err:
        assert waiting.is_alive()
        time.sleep(0.05)
    assert not late.is_set()
    other.kill()  # the lock dies with its process
    other.join()
    assert late.wait(60)
    end.set()
    waiting.join(60)
    assert waiting.exitcode == 0


def test_without_an_output_nothing_is_locked():
    with alone(None), alone(None):
        pass
