"""What the checks report: expected failures, limits, usage errors, and the same in pytest, JSON and Markdown."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import checkspage
import msgspec
import pytest
from checking import Installed

from ganzoo import testing
from ganzoo.checks import CHECKS, Result, open_session, report, run_checks
from ganzoo.checks.base import CheckFailed
from ganzoo.checks.declared import IMPORT_SECONDS, light_import
from ganzoo.checks.probe import ImportedPlugin
from ganzoo.errors import OptionError, UnknownName, UsageError
from ganzoo.plugin.entry_points import Origin
from ganzoo.plugin.manager import Zoo

ROOT = Path(__file__).resolve().parents[2]
PRINTS = ("    options = run.options\n", "    options = run.options\n    print('hello')\n")
IDS = [check.id for check in CHECKS]


def one(name: str, zoo: Zoo, check: str, **given: object) -> Result:
    (result,) = run_checks(name, zoo, only=[check], **given)
    return result


def test_ids_are_published_once_and_in_one_style() -> None:
    assert len(set(IDS)) == len(IDS)
    assert all(name == name.lower() and name.replace("-", "").isalpha() for name in IDS)


def test_the_reference_page_is_what_is_generated() -> None:
    page = (ROOT / "docs" / "plugins" / "checks.md").read_text("utf-8")
    assert page == checkspage.page(), "run: python tests/meta/checkspage.py docs/plugins/checks.md"


def test_only_what_is_asked_for_is_reported_in_order(zoo: Zoo) -> None:
    results = run_checks("gaussian", zoo, only=["parity", "loads", "parity"])
    assert [(result.id, result.status) for result in results] == [("loads", "passed"), ("parity", "passed")]


def test_checks_that_do_not_apply_say_for_whom_they_are(zoo: Zoo) -> None:
    result = one("gaussian", zoo, "labels-obeyed")
    assert (result.status, result.why) == ("skipped", "for variants with `Inputs(labels=...)`")


LABELS_BY_OPTION = (
    ("inputs=ganzoo.Inputs(labels=True,", 'inputs=ganzoo.Inputs(labels="conditional",'),
    ("    z_dim: Annotated", '    conditional: Annotated[bool, ganzoo.option("take y")] = False\n    z_dim: Annotated'),
)


def test_labels_by_an_option_are_checked_where_it_is_true(installed: Installed) -> None:
    zoo = installed(*LABELS_BY_OPTION)
    result = one("checked", zoo, "labels-obeyed")
    why = "for conditional=true: 'ganzoo check checked --set conditional=true' makes it"
    assert (result.status, result.why) == ("skipped", why)
    result = one("checked", zoo, "labels-obeyed", options={"conditional": True})
    assert (result.status, result.why) == ("passed", "")


def test_an_expected_failure_keeps_its_reason(installed: Installed) -> None:
    result = one("checked", installed(PRINTS), "no-prints", expected_failures={"no-prints": "known, issue 7"})
    assert result.status == "expected"
    assert result.why.startswith("known, issue 7 (it prints when trained: 'hello'")


def test_an_expected_failure_that_passes_is_a_failure(zoo: Zoo) -> None:
    result = one("gaussian", zoo, "parity", expected_failures={"parity": "it is old"})
    assert result.status == "failed"
    assert result.why == "unexpectedly passed: it was expected to fail, since it is old"


def test_an_expected_failure_needs_a_reason_and_a_check(zoo: Zoo) -> None:
    with pytest.raises(UsageError, match="'parity' has no reason"):
        open_session("gaussian", zoo, expected_failures={"parity": " "})
    with pytest.raises(UnknownName, match=r"Unknown check 'party'\. Did you mean 'parity'"):
        open_session("gaussian", zoo, expected_failures={"party": "why"})
    with pytest.raises(UnknownName, match="Unknown check 'party'"):
        run_checks("gaussian", zoo, only=["party"])


def test_wrong_options_are_the_callers_error(zoo: Zoo) -> None:
    for options, message in (({"rank": "0"}, "Option rank=0"), ({"rnk": "3"}, "Did you mean 'rank'")):
        with pytest.raises(UsageError, match=message) as caught:
            run_checks("gaussian", zoo, only=["trains"], options=options)
        assert not isinstance(caught.value, OptionError)


def test_given_options_reach_the_training(installed: Installed) -> None:
    zoo = installed(
        ("    options = run.options\n", "    options = run.options\n    assert options.z_dim == 3, options\n")
    )
    assert one("checked", zoo, "trains").status == "failed"
    assert one("checked", zoo, "trains", options={"z_dim": "3"}).status == "passed"


def test_a_check_that_takes_too_long_is_ended(installed: Installed) -> None:
    zoo = installed(("    options = run.options\n", "    options = run.options\n    import time; time.sleep(60)\n"))
    started = time.monotonic()
    with open_session("checked", zoo, seconds=2) as session:
        assert session.result("loads").status == "passed"
        assert session.result("parity") == Result(
            "parity", "skipped", "it needs 'trains'", session.result("parity").seconds
        )
        failed = session.result("trains")
        assert (failed.status, failed.why) == ("failed", "it took more than 2 s and was ended")
        assert session.result("hook-signatures").status == "passed"
    assert time.monotonic() - started < 15


def test_nothing_of_the_plugin_is_imported_here(installed: Installed) -> None:
    zoo = installed()
    assert one("checked", zoo, "trains").status == "passed"
    assert not [name for name in sys.modules if name.endswith("checked_dist_checked")]


def test_a_session_leaves_nothing_behind(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    session = open_session("gaussian", zoo)
    assert session.result("parity").status == "passed"
    child = session._child
    assert child is not None
    assert list(tmp_path.glob("ganzoo-check-*"))
    session.close()
    assert not list(tmp_path.glob("ganzoo-check-*"))
    with pytest.raises(ProcessLookupError):
        os.kill(child._process.pid, 0)


def test_a_slow_import_is_a_failure() -> None:
    class Context:
        imported = ImportedPlugin(seconds=IMPORT_SECONDS + 1)

    with pytest.raises(CheckFailed, match=r"takes 6\.0 s, more than 5"):
        light_import(Context())  # type: ignore[arg-type]


RESULTS = [Result("loads", "passed", "", 0.31), Result("parity", "failed", "a|b", 2.0)]
ORIGIN = Origin("x", "x", "x-dist", "1.2")


def test_json_is_one_object() -> None:
    content = msgspec.json.decode(report.as_json("x", ORIGIN, RESULTS))
    assert content["passed"] is False
    assert (content["variant"], content["distribution"], content["version"]) == ("x", "x-dist", "1.2")
    assert content["checks"][1] == {"id": "parity", "status": "failed", "why": "a|b", "seconds": 2.0}


def test_markdown_is_a_table_that_no_reason_breaks() -> None:
    lines = report.as_markdown("x", ORIGIN, RESULTS).splitlines()
    assert lines[0] == "### `ganzoo check x`: 1 passed, 1 failed in 2.3 s"
    assert lines[-1] == "| `parity` | **failed** | a&#124;b | 2.0 |"


TESTS = """
from ganzoo.testing import parametrize_with_checks

@parametrize_with_checks("gaussian", expected_failures={"parity": "none at all"})
def test_gaussian(check):
    check()
"""


def test_in_pytest_each_check_is_a_test_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-v", "-rsf", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert "test_mine.py::test_gaussian[onnx-valid] PASSED" in done.stdout
    assert "parity: unexpectedly passed: it was expected to fail, since none at all" in done.stdout
    assert "for variants of the roles model and comparator" in done.stdout
    assert f"1 failed, {len(CHECKS) - 5} passed, 4 skipped" in done.stdout


def test_in_pytest_an_expected_failure_is_an_xfail(installed: Installed) -> None:
    mark = testing.parametrize_with_checks("checked", {"no-prints": "known"}, zoo=installed(PRINTS)).mark
    (case,) = [param.values[0] for param in mark.args[1] if param.id == "no-prints"]
    with pytest.raises(pytest.xfail.Exception, match=r"known \(it prints"):
        case()


@testing.parametrize_with_checks("memoriser")
def test_the_decorator_works_here(check: testing.Case) -> None:
    check()
