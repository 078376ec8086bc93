"""How far a session is, and when it will end."""

import pytest

from promic_nb.runs.session import TRUST_S, Course, available_cores, notices
from promic_nb.runs.snakemake_log import read_events

START = "rule {rule}:\n    log: logs/{name}.log\n    jobid: {job}\n"
DONE = "Finished jobid: {job} (Rule: model)\n"
ERROR = "Error in rule model:\n    jobid: {job}\n"


def start(name: str, job: int) -> str:
    return START.format(rule="model", name=name, job=job)


def test_a_job_takes_the_time_from_its_start_to_its_end():
    course, text = Course(1, 0.0, {"a": None, "b": None}), start("a", 1)
    course.update(read_events(text), 10.0)
    text += DONE.format(job=1) + start("b", 2)
    course.update(read_events(text), 25.0)
    course.update(read_events(text), 99.0)  # what has been noted stays
    assert course.took == {"a": 15.0}
    assert list(course.running) == ["b"] and course.began["b"] == 25.0


def test_a_failed_job_that_starts_again_has_not_failed():
    course, text = Course(1, 0.0, {"a": None}), start("a", 1) + ERROR.format(job=1)
    course.update(read_events(text), 1.0)
    assert list(course.failed) == ["a"] and not course.running
    text += start("a", 1)
    course.update(read_events(text), 5.0)
    assert not course.failed and course.began["a"] == 5.0
    course.update(read_events(text + DONE.format(job=1)), 7.0)
    assert course.took == {"a": 2.0} and not course.running


def test_the_first_estimate_is_the_expected_work_shared_by_the_cores():
    assert Course(2, 0.0, {"a": 60.0, "b": 40.0}).left_s(0.0) == pytest.approx(50.0)


def test_later_estimates_follow_the_speed_of_the_machine():
    """100 of 300 expected seconds took 1000 s: the other 200 take 2000 s, or a little less as long
    as the expected times still count.
    """
    expected = {"a": 100.0, "b": 200.0}
    course = Course(1, 0.0, expected, took={"a": 1000.0})
    left = course.left_s(1000.0)
    assert left == pytest.approx(200 * (1000 + TRUST_S) / (100 + TRUST_S))
    assert 1500 < left < 2000


def test_a_running_job_counts_up_to_its_expected_length():
    course = Course(1, 0.0, {"a": 100.0, "b": 100.0}, began={"a": 0.0}, running={"a": None})
    assert course.left_s(50.0) == pytest.approx(150.0)  # at the expected speed
    assert course.left_s(500.0) > 100.0  # "a" is slow: "b" will be, too


def test_a_job_of_unknown_length_counts_as_an_average_one():
    assert Course(1, 0.0, {"a": 10.0, "b": 30.0, "c": None}).left_s(0.0) == pytest.approx(60.0)
    assert Course(1, 0.0, {"a": None}).left_s(0.0) is None


def test_cores_are_read_from_snakemakes_options():
    assert available_cores(["--keep-going", "--cores", "3"]) == 3
    assert available_cores(["--cores", "all"]) >= 1


def test_a_jobs_words_to_the_user_are_found_in_its_log(tmp_path):
    log = tmp_path / "a.log"
    assert notices(log) == []
    log.write_text("Executing\npromic: another run is writing x.ipynb; waiting\nmore\n")
    assert notices(log) == ["promic: another run is writing x.ipynb; waiting"]
