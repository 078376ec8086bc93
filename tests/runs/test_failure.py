"""Why a job failed, in one line."""

import pytest

from promic_nb.runs.failure import reason_of_job, reason_of_session

PAPERMILL = """Executing notebook with kernel: python3
Ending Cell 5------------------------------------------
Traceback (most recent call last):
  File "papermill/execute.py", line 251, in raise_for_execution_errors
papermill.exceptions.PapermillExecutionError:
---------------------------------------------------------------------------
Exception encountered at "In [4]":
---------------------------------------------------------------------------
\x1b[31mUserError\x1b[39m                                 Traceback (most recent call last)
Cell In[4], line 2
----> 2 run.read("a")
\x1b[31m{error}\x1b[39m

"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            PAPERMILL.format(error="UserError: a does not exist. Make it"),
            "a does not exist. Make it",
        ),
        (PAPERMILL.format(error="KeyError: 'low'"), "KeyError: 'low'"),
        (
            "promic: notebooks/03.ipynb: codec 'hecv' is unknown. Choose hevc\n",
            "notebooks/03.ipynb: codec 'hecv' is unknown. Choose hevc",
        ),
        (
            "promic: another run is writing x.ipynb; waiting for it to finish\n"
            "nbclient.exceptions.DeadKernelError: Kernel died\n",
            "DeadKernelError: Kernel died",
        ),
        ("a\nKilled\n", "Killed"),
        ("", "it left no message"),
    ],
)
def test_the_line_that_says_why(tmp_path, text, says):
    (log := tmp_path / "job.log").write_text(text)
    assert reason_of_job(log) == says


def test_a_job_without_a_log_left_no_message(tmp_path):
    assert reason_of_job(tmp_path / "none.log") == "it left no message"


def test_a_file_that_no_job_makes_is_named():
    text = (
        'MissingInputException in rule all in file "Snakefile", line 85:\n'
        "Missing input files for rule all:\n"
        "    affected files:\n"
        "        data/runs/smoke/phantom/notebooks/99.ipynb\n"
    )
    assert reason_of_session(text) == (
        "no job of this run makes data/runs/smoke/phantom/notebooks/99.ipynb"
    )


def test_an_error_of_the_workflow_itself_is_told_with_its_kind():
    """Snakemake prints the message between the place and a traceback."""
    text = 'ValueError in file "Snakefile", line 1:\nno such rule\n  File "Snakefile", in x\n'
    assert reason_of_session(text) == "ValueError: no such rule"
    own = "Using x\npromic: profile 'quick': crop: wrong. Choose 64\n"
    assert reason_of_session(own) == "profile 'quick': crop: wrong. Choose 64"
