"""Words that may tell who wrote a narrative are marked for the clerk; the text itself is never changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.domain.rulebook import Rulebook

RULES = Rulebook.load().identifying

TELLING = {
    "身份证号990123198503120019。": "证件号码",
    "我的电话是12000000004，晚上可打。": "电话号码",
    "邮箱 ruan@example.test。": "账号、微信、邮箱",
    "我叫阮柏川，想反映一件事。": "自报姓名",
    "我家住在永安小区3栋201室，能看到。": "自己的住址",
    "我父亲的补偿款被扣。": "与本人的关系",
    "我们单位的人都知道，我的领导不让说。": "与本人的关系",
    "我是承建方的会计，账是我做的。": "自己的身份、职务",
    "当时只有我和他在场。": "只有自己知道的场合",
    "我亲手交给他八万元。": "只有自己知道的场合",
}


@pytest.mark.parametrize(("text", "kind"), TELLING.items())
def test_what_tells_who_wrote_is_marked(text: str, kind: str) -> None:
    assert kind in RULES.kinds_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "厉文舟于2026年9月10日在望山茶楼收下八万元。",
        "合同编号为YX-2025-0173，金额3200000元。",
        "该局局长是其连襟，项目未经招标。",
        "望山镇村民多次反映，未予答复。",
    ],
)
def test_what_tells_of_others_is_not(text: str) -> None:
    assert RULES.kinds_in(text) == ()


@given(st.lists(st.sampled_from([*TELLING, "没有什么。", "\n", "我", "12", "x"])).map("".join) | st.text())
def test_the_pieces_make_up_the_text_again(text: str) -> None:
    passages = RULES.passages(text)
    assert "".join(passage.text for passage in passages) == text
    assert all(passage.text for passage in passages)


def test_a_long_narrative_is_read_at_once() -> None:
    """A hundred thousand signs of what nearly fits: the patterns do not take quadratic time."""
    text = "我是" * 50_000 + "1" * 50_000 + "只有我" * 10_000
    assert "".join(passage.text for passage in RULES.passages(text)) == text
