"""A pytest plugin for SQLAlchemy's suite: writes to $TARN_RESULTS how each test ended, a line "outcome test" each.

The suite makes the extensions citext and hstore in each database before its first test, which Tarn does not have yet."""

import os
import re

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session):
    from sqlalchemy.dialects.postgresql import provision

    provision._extensions.clear()


def pytest_runtest_logreport(report):
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # the first process hears of it too
    name = re.sub(r"_postgresql\+psycopg_[0-9_]*", "", report.nodeid).removeprefix("test/dialect/")
    outcome = {"passed": "run", "failed": "fail", "skipped": "skip"}[report.outcome]
    if report.when == "call" and report.passed:
        outcome = "pass"
    with open(os.environ["TARN_RESULTS"], "a") as f:
        print(outcome, name.encode("ascii", "backslashreplace").decode(), file=f)
