"""What a command asks for: marshmallow fields with the words and the widget that a page needs to show them.

One schema for each command: it validates what the console sends, and the console draws its form from it.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from supervision.domain.codes import Code

REQUIRED: dict[str, Any] = {"required": "请填写或选择此项。", "null": "请填写或选择此项。"}
_FORM_WORDS = {"unknown": "没有这一项；请刷新页面后重新填写。"}
_NOT_LISTED = "请从所列选项中选择。"


class CommandForm(Schema):
    """Base of all command forms; unknown fields are refused."""

    error_messages = _FORM_WORDS


def choice(
    label: str, codes: type[Code], *, only: tuple[Code, ...] = (), required: bool = True, hint: str = ""
) -> fields.String:
    """One of the codes; shown with their official words."""
    members = only or tuple(codes)
    return _field(
        fields.String,
        label,
        required,
        hint,
        widget="radios" if len(members) <= 5 else "select",
        choices=[(member.value, member.label) for member in members],
        validators=[validate.OneOf([m.value for m in members] + ([] if required else [""]), error=_NOT_LISTED)],
    )


def dynamic_choice(label: str, source: str, *, required: bool = True, hint: str = "") -> fields.String:
    """One of what ``source`` offers for this case: offices, bodies, officers, templates."""
    return _field(fields.String, label, required, hint, widget="select", source=source)


def dynamic_choices(label: str, source: str, *, required: bool = True, hint: str = "") -> fields.List:
    """Several of what ``source`` offers for this case; where they are not ``required``, none is an answer too."""
    extra: dict[str, Any] = {} if required else {"load_default": list}
    return fields.List(
        fields.String(error_messages={**REQUIRED, "invalid": _NOT_LISTED}),
        required=required,
        validate=[validate.Length(min=1, error="请至少选择一项。")] if required else [],
        error_messages={**REQUIRED, "invalid": _NOT_LISTED},
        metadata={"label": label, "widget": "checkboxes", "source": source, "hint": hint},
        **extra,
    )


def line(label: str, *, required: bool = True, hint: str = "", limit: int = 100) -> fields.String:
    """One line of text."""
    return _field(
        fields.String,
        label,
        required,
        hint,
        widget="text",
        validators=[validate.Length(max=limit, error=f"最多 {limit} 字。"), *_not_blank(required)],
    )


def note(
    label: str = "说明",
    *,
    required: bool = False,
    hint: str = "密封保存，只有能看本件内容的人员可以看到。",
    limit: int = 4000,
    rows: int = 4,
) -> fields.String:
    """Several lines of text, sealed. ``limit``: characters; ``rows``: lines that the page shows."""
    return _field(
        fields.String,
        label,
        required,
        hint,
        widget="textarea",
        rows=rows,
        validators=[validate.Length(max=limit, error=f"最多 {limit} 字。"), *_not_blank(required)],
    )


def flag(label: str, *, hint: str = "") -> fields.Boolean:
    """Yes or no; absent means no."""
    return fields.Boolean(
        load_default=False,
        truthy={"on", "true", "1", True},
        falsy={"", "false", "0", False},
        error_messages={"invalid": "只能选中或者不选。", "null": "只能选中或者不选。"},
        metadata={"label": label, "widget": "checkbox", "hint": hint},
    )


def day(label: str, *, hint: str = "") -> fields.Date:
    """A date."""
    return fields.Date(
        required=True,
        error_messages={**REQUIRED, "invalid": "请填写日期，例如 2026-11-23。"},
        metadata={"label": label, "widget": "date", "hint": hint},
    )


def _not_blank(required: bool) -> list[Any]:
    return [validate.Regexp(r"\s*\S", error="请填写此项。")] if required else []


def _field(
    kind: type[fields.String],
    label: str,
    required: bool,
    hint: str,
    *,
    validators: list[Any] | None = None,
    **metadata: Any,
) -> fields.String:
    extra: dict[str, Any] = {} if required else {"load_default": ""}
    return kind(
        required=required,
        validate=validators or [],
        error_messages={**REQUIRED, "invalid": "格式不对，请重新填写。"},
        metadata={"label": label, "hint": hint, **metadata},
        **extra,
    )
