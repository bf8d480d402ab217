"""A plugin of pytest: writes `outcome<TAB>test` for each test to the file that INNKEEPER_RESULTS names."""

import os

_outcomes = {}


def pytest_runtest_logreport(report):
    outcome = report.outcome
    # An expected failure of the suite itself is reported as a skip with a reason.
    if report.when == "call" or outcome != "passed":
        # A failure to tidy up after a test is one of the test.
        if _outcomes.get(report.nodeid) != "failed":
            _outcomes[report.nodeid] = outcome


def pytest_collectreport(report):
    if report.failed:
        _outcomes[report.nodeid] = "failed"


def pytest_sessionfinish():
    with open(os.environ["INNKEEPER_RESULTS"], "w", encoding="utf-8") as results:
        for test, outcome in _outcomes.items():
            results.write(f"{outcome}\t{test}\n")
