"""Fields of reports in JSON, for the API and for imports: strict types, messages in Chinese.

A message says what a field should be and never repeats what it was: it may end in somebody's log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from marshmallow import Schema, ValidationError, fields, validate

from supervision.business_time import SHANGHAI
from supervision.intake import limits
from supervision.intake.submission import ReportedPerson

Words: TypeAlias = dict[str, str | list[Any] | dict[Any, Any]]

REQUIRED = "必填。"
NOT_AN_OBJECT = "应为对象。"
IN_THE_FUTURE = "不能晚于当前时间。"

_WORDS: Words = {"required": REQUIRED, "null": "不能为 null。"}
_SCHEMA_WORDS = {"unknown": "不认识的字段。", "type": NOT_AN_OBJECT}

#: A database cannot keep the first, UTF-8 has no spelling for the others.
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


def _keepable(text: str) -> None:
    if _UNKEEPABLE.search(text):
        raise ValidationError("含有无法保存的字符。")


def _not_blank(text: str) -> None:
    if not text.strip():
        raise ValidationError(REQUIRED)


class Text(fields.String):
    """A string of at most ``longest`` characters; not required, null and absent are the empty string."""

    default_error_messages = _WORDS | {"invalid": "应为文字。"}

    def __init__(self, longest: int, *, required: bool = False, **how: Any) -> None:
        validators: list[Callable[[str], object]] = [
            validate.Length(max=longest, error=f"最多 {longest} 个字。"),
            _keepable,
        ]
        if required:
            validators.append(_not_blank)
        else:
            how = {"load_default": "", "allow_none": True} | how
        super().__init__(required=required, validate=validators, **how)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **how: Any) -> str:
        return super().deserialize(value, attr, data, **how) or ""


class Choice(Text):
    """One of a few words."""

    def __init__(self, choices: Mapping[str, str], **how: Any) -> None:
        """``choices``: each word with its meaning."""
        self.choices = validate.OneOf(list(choices), error=f"应为 {'、'.join(choices)} 之一。")
        super().__init__(longest=max(map(len, choices)), **how)
        self.validators.append(self.choices)


class Flag(fields.Field):
    """True, false, or null; nothing that merely looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **how: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("应为 true 或 false。")
        return value


class Count(fields.Field):
    """A whole number from 0 to ``largest``."""

    def __init__(self, largest: int, **how: Any) -> None:
        super().__init__(**how)
        self.largest = largest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **how: Any) -> int:
        if type(value) is not int or not 0 <= value <= self.largest:
            raise ValidationError(f"应为 0 至 {self.largest} 的整数。")
        return value


class Moment(fields.Field):
    """A moment as ISO 8601 with its offset; loads as a ``datetime`` in Asia/Shanghai."""

    default_error_messages = _WORDS

    def _deserialize(self, value: Any, attr: str | None, data: Any, **how: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise ValueError
            return moment.astimezone(SHANGHAI)
        except (TypeError, ValueError, OverflowError):
            raise ValidationError("应为带时区偏移的 ISO 8601 时间，例如 2026-10-12T09:00:00+08:00。") from None


class Several(fields.List):
    """A list of at most ``most``; null and absent are the empty list."""

    default_error_messages = _WORDS | {"invalid": "应为数组。"}

    def __init__(self, of: fields.Field | type[Schema], most: int, **how: Any) -> None:
        member = of if isinstance(of, fields.Field) else One(of)
        super().__init__(
            member,
            load_default=list,
            allow_none=True,
            validate=validate.Length(max=most, error=f"最多 {most} 项。"),
            **how,
        )

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **how: Any) -> list[Any]:
        return super().deserialize(value, attr, data, **how) or []


class One(fields.Nested):
    """An object."""

    default_error_messages = _WORDS | {"type": NOT_AN_OBJECT, "null": NOT_AN_OBJECT}


class StrictSchema(Schema):
    """An object that has the fields of this schema and no others."""

    error_messages = _SCHEMA_WORDS


class PersonSchema(StrictSchema):
    """A person or unit reported; every field may be absent, null or empty ("不清楚")."""

    name = Text(limits.NAME, metadata={"description": "姓名或单位名称"})
    unit = Text(limits.UNIT, metadata={"description": "所在单位"})
    post = Text(limits.POST, metadata={"description": "职务"})
    rank = Text(limits.RANK, metadata={"description": "级别，例如 正乡科级"})
    area_code = Text(limits.AREA_CODE, metadata={"description": "行政区划代码"})
    managed_by = Text(limits.MANAGED_BY, metadata={"description": "干部管理权限，例如 县委管理"})


def people_of(loaded: list[dict[str, Any]]) -> tuple[ReportedPerson, ...]:
    """Those reported, from what :class:`PersonSchema` loaded."""
    return tuple(ReportedPerson(**person) for person in loaded)
