"""A file that is not fit to be imported: which record, which field, and nothing loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.business_time import SHANGHAI
from supervision.intake.import_schema import SHOWN_PROBLEMS, BadImport, check_records
from supervision.intake.importer import ImportedReport, import_file
from supervision.platform import Platform
from tests.support.deployment import make_deployment

NOW = datetime(2026, 12, 1, 10, 37, tzinfo=SHANGHAI)
GOOD: dict[str, Any] = {
    "sample_id": "A1",
    "channel": "letter",
    "line": None,
    "received_at": "2026-11-30T09:00:00+08:00",
    "named": False,
    "reporter": {},
    "respondents": [{"name": None, "party_member": None}],
    "title": "",
    "category": [],
    "raw_text": "来信摘录。",
    "attachments": [{"name": "信封.pdf", "kind": "scan", "size": 1}],
}
SECRET = "此句不得出现在提示中"


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    home = tmp_path / "home"
    made = make_deployment(home, f"sqlite:///{home / 'log.sqlite'}", clock=lambda: NOW)
    yield made
    made.close()


def problems(document: Any) -> list[tuple[int, str]]:
    """Number and field of each problem of a file; empty for a good one."""
    try:
        check_records(document, NOW)
    except BadImport as bad:
        return [(problem.index, problem.field) for problem in bad.problems]
    return []


def test_a_good_record_alone_or_with_meta_is_taken() -> None:
    assert problems([GOOD]) == problems({"meta": {}, "samples": [GOOD]}) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sample_id": None}, "sample_id"),
        ({"sample_id": ""}, "sample_id"),
        ({"channel": "fax"}, "channel"),
        ({"channel": None}, "channel"),
        ({"line": "110"}, "line"),
        ({"received_at": "2026-11-30T09:00:00"}, "received_at"),
        ({"received_at": "2026-12-01T10:37:01+08:00"}, "received_at"),
        ({"named": "false"}, "named"),
        ({"named": 0}, "named"),
        ({"reporter": []}, "reporter"),
        ({"reporter": {"nickname": SECRET}}, "reporter.nickname"),
        ({"reporter": {"group_size": -1}}, "reporter.group_size"),
        ({"reporter": {"group_size": True}}, "reporter.group_size"),
        ({"reporter": {"group_size": 2.0}}, "reporter.group_size"),
        ({"respondents": [{"name": "x"}, {"name": 5}]}, "respondents.1.name"),
        ({"respondents": [{"party_member": "是"}]}, "respondents.0.party_member"),
        ({"raw_text": ""}, "raw_text"),
        ({"raw_text": "\x00"}, "raw_text"),
        ({"attachments": [{"kind": "scan"}]}, "attachments.0.name"),
        ({"attachments": [{"name": "x", "size": "大"}]}, "attachments.0.size"),
        ({"category": [None]}, "category.0"),
        ({"phone": SECRET}, "phone"),
        ({"cn_title": SECRET}, "cn_title"),
    ],
)
def test_each_problem_is_named_by_record_and_field(change: dict[str, Any], field: str) -> None:
    assert problems([GOOD, GOOD | {"sample_id": "A2"} | change]) == [(2, field)]


@pytest.mark.parametrize("missing", ["sample_id", "channel", "received_at", "raw_text"])
def test_what_is_required_is_named_when_it_is_missing(missing: str) -> None:
    assert problems([{name: value for name, value in GOOD.items() if name != missing}]) == [(1, missing)]


def test_all_problems_of_all_records_are_told_at_once() -> None:
    bad = [GOOD | {"channel": "fax", "named": 1}, GOOD, "x", GOOD]
    assert problems(bad) == [(1, "channel"), (1, "named"), (3, ""), (4, "sample_id")]


def test_a_long_list_of_problems_is_cut() -> None:
    with pytest.raises(BadImport) as bad:
        check_records([{}] * SHOWN_PROBLEMS, NOW)
    assert len(str(bad.value).splitlines()) == SHOWN_PROBLEMS + 2


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"5", b"null", b'{"samples": {}}', b'{"reports": []}', b"[" * 100_000, b"[" + b"9" * 5000],
)
def test_a_file_in_another_form_is_refused(platform: Platform, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(BadImport, match="文件：") as bad:
        import_file(platform, path, emit=forbidden)
    assert "没有导入任何举报" in str(bad.value)


def test_a_file_that_cannot_be_read_is_refused(platform: Platform, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.json", tmp_path):
        with pytest.raises(BadImport, match="无法读取"):
            import_file(platform, path, emit=forbidden)


def test_one_bad_record_keeps_all_others_out(platform: Platform, tmp_path: Path) -> None:
    head = platform.ledger.head()
    records = [GOOD | {"sample_id": f"A{number}"} for number in range(6)] + [GOOD | {"raw_text": 7}]
    path = tmp_path / "seventh.json"
    path.write_text(json.dumps(records), "utf-8")
    with pytest.raises(BadImport, match=r"第 7 条（A1） raw_text："):
        import_file(platform, path, emit=forbidden)
    assert platform.ledger.head() == head


def forbidden(_report: ImportedReport) -> None:
    raise AssertionError("nothing may be loaded")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9).map(lambda text: SECRET + text),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(GOOD)), inner, max_size=4),
    max_leaves=10,
)
changed = st.dictionaries(st.sampled_from([*GOOD, "x"]), anything, max_size=3).map(lambda change: GOOD | change)


@given(document=st.lists(changed | anything, max_size=3) | anything)
def test_whatever_the_file_holds_is_taken_or_refused_without_being_repeated(document: Any) -> None:
    try:
        check_records(document, NOW)
    except BadImport as bad:
        assert SECRET not in str(bad)
