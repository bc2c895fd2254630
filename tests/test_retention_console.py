"""Appraisal on the pages, from the list of what is due to the tombstone, with ``supervision shred`` in between."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from io import BytesIO
from uuid import UUID

import pytest

from supervision.business_time import SHANGHAI
from supervision.intake.submission import Attachment, ReporterDetails
from supervision.sealing.receipt import ReceiptCode
from supervision.verifying import verify_platform
from tests.support.deployment import environment
from tests.support.officers import MONDAY, PASSPHRASE, County, Screen, county, steps_until

LONG_AGO = datetime(2005, 3, 1, 9, 30, tzinfo=SHANGHAI)
DOCUMENT = "云档鉴〔2026〕3号"
TEXT = "九月十日在城南酒楼用公款宴请。"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    path = tmp_path_factory.mktemp("retention")
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}") as made:
        yield made


def long_ago(home: County, code: ReceiptCode | None = None) -> UUID:
    """A report that came in long ago, was handled, and filed for ten years."""
    home.clock.now = LONG_AGO
    evidence = Attachment(name="账单.txt", media_type="text/plain", size=2, open=lambda: nullcontext(BytesIO(b"00")))
    report = home.report(
        text=TEXT,
        code=code,
        attachments=(evidence,),
        reporter=ReporterDetails(name="阮柏川", phone="12000000004"),
    )
    home.walk(
        report,
        {
            "register": ("clerk-1", {}),
            "screen": (
                "clerk-1",
                {
                    "matter_class": "report",
                    "named_status": "verified",
                    "verification": "phone",
                    "jurisdiction": "subordinate",
                    "proposal": "forward",
                    "target": "qinghe",
                },
            ),
            "confirm_screening": ("head", {}),
            "archive": ("clerk-1", {"retention": "ten_years"}),
        },
    )
    home.clock.now = MONDAY
    return report


def appraised(home: County, scope: str, report: UUID) -> str:
    """Proposed by the clerk, agreed to by the deputy; the appraisal's number."""
    clerk, deputy = home.freshly_signed_in("clerk-1"), home.signed_in("deputy")
    clerk.open("/console/appraisals")
    clerk.send(f"/console/appraisals/{scope}", document=DOCUMENT, reports=str(report))
    assert "等待负责人审批" in clerk.text
    deputy.open("/console/appraisals")
    assert clerk.path in deputy.text
    deputy.open(clerk.path)
    deputy.send(f"{clerk.path}/approve")
    assert "已批准，待执行" in deputy.text
    return clerk.path.rsplit("/", 1)[-1]


def shred(home: County, appraisal: str, *, officer: str = "clerk-1", passphrase: str = PASSPHRASE) -> str:
    settings = home.platform.settings
    done = subprocess.run(
        [sys.executable, "-m", "supervision", "shred", appraisal, "--officer", officer],
        env={**os.environ, **environment(settings.home, settings.database_url)},
        input=f"{passphrase}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    home.settle()
    return done.stdout if done.returncode == 0 else done.stderr


def status(home: County, code: ReceiptCode) -> str:
    """What the reporter reads, in a fresh browser."""
    public = Screen(home.app.test_client(), "public")
    public.open("/status")
    return public.send("/status", code=code.digits)


def test_from_what_is_due_to_the_tombstone(home: County) -> None:
    code = ReceiptCode.new(home.platform.rng)
    report = long_ago(home, code)
    clerk = home.signed_in("clerk-1")
    assert TEXT in clerk.open(f"/console/reports/{report}")

    assert "已销毁 1 件" in shred(home, appraised(home, "identity", report))
    clerk = home.freshly_signed_in("clerk-1")
    assert TEXT in clerk.open(f"/console/reports/{report}")
    assert "举报人身份、联系方式和来源材料已于" in clerk.text
    head = home.freshly_signed_in("head")
    assert "申请开启身份" not in head.open(f"/console/reports/{report}")
    head.open(f"/console/reports/{report}/opening", 403)
    assert "举报人身份、联系方式和来源材料已于" in head.text
    told = status(home, code)
    assert "任何人都不能再打开" in told and "提交补充" not in told

    assert "已销毁 1 件" in shred(home, appraised(home, "everything", report))
    clerk = home.freshly_signed_in("clerk-1")
    clerk.open(f"/console/reports/{report}")
    assert TEXT not in clerk.text and "按鉴定销毁" in clerk.text and DOCUMENT in clerk.text
    assert "本件的全部材料已于" in status(home, code)
    clerk.open("/console/appraisals")
    assert f'value="{report}"' not in clerk.text and "已执行" in clerk.text
    assert verify_platform(home.platform).count


def test_a_form_that_lacks_something_comes_back_with_what_was_filled_in(home: County) -> None:
    report, clerk = long_ago(home), home.signed_in("clerk-1")
    clerk.open("/console/appraisals")
    clerk.send("/console/appraisals/identity", 422, document=DOCUMENT)
    assert "请至少选择一项" in clerk.text or "请填写或选择此项" in clerk.text
    assert DOCUMENT in clerk.text
    clerk.send("/console/appraisals/identity", 409, document="张三的意见", reports=str(report))
    assert "须填写依据文件的文号" in clerk.text


def test_a_report_under_a_hold_is_not_in_the_list(home: County) -> None:
    report, clerk = long_ago(home), home.signed_in("clerk-1")
    clerk.open("/console/appraisals")
    assert f'value="{report}"' in clerk.text
    home.carry_out("clerk-1", "request_hold", report, document="云检调〔2026〕8号")
    clerk.open("/console/appraisals")
    assert f'value="{report}"' not in clerk.text
    clerk.open(f"/console/reports/{report}")
    assert "登记停止销毁" in clerk.text


def test_the_pages_are_closed_to_who_has_no_part_in_it(home: County) -> None:
    for officer in ("inspector-1", "clue", "admin"):
        home.signed_in(officer).open("/console/appraisals", 403)


def test_shred_asks_for_the_officer_s_own_passphrase(home: County) -> None:
    report = long_ago(home)
    appraisal = appraised(home, "identity", report)
    assert "shred：账号或口令不正确" in shred(home, appraisal, passphrase="not his")
    assert "shred：" in shred(home, appraisal, officer="deputy")
    assert "已销毁 1 件" in shred(home, appraisal)


def test_a_report_that_is_worked_on_is_not_due(home: County) -> None:
    report = home.report()
    home.walk(report, steps_until("register"))
    assert f'value="{report}"' not in home.signed_in("clerk-1").open("/console/appraisals")
