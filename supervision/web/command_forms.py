"""A form drawn from its marshmallow schema: which fields, with which words, holding what.

One renderer for every command: a new field of a schema appears on its page without a line here or in a template.
Labels and widgets stand in the fields' metadata (:mod:`supervision.casework.forms`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from marshmallow import Schema, fields, validate
from werkzeug.datastructures import MultiDict

Choices = Sequence[tuple[str, str]]
ROWS = 4
SENTENCE = 30
"""Characters beyond which an option is no mere name."""


@dataclass(frozen=True, kw_only=True)
class FormField:
    """A field as the page shows it.

    ``widget``: text, textarea, radios, select, checkboxes, checkbox, date or moment. ``options``: as the macros of the
    design system take them, groups included. ``limit``: characters, 0 for none; ``rows``: lines that are shown.
    """

    name: str
    id: str
    label: str
    widget: str
    hint: str
    optional: bool
    options: tuple[Mapping[str, Any], ...]
    values: tuple[str, ...]
    error: str
    limit: int
    rows: int

    @property
    def value(self) -> str:
        """What a field of one value holds."""
        return self.values[0] if self.values else ""

    @property
    def spread(self) -> bool:
        """Whether the options are whole sentences, to be read before one is chosen."""
        return any(len(str(option["label"])) > SENTENCE for option in self.options)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A form that was sent and had errors."""

    name: str
    given: Mapping[str, Any] = dataclass_field(default_factory=dict)
    errors: Mapping[str, Sequence[str]] = dataclass_field(default_factory=dict)


def draw(
    form: type[Schema],
    prefix: str,
    options: Mapping[str, Choices],
    given: Mapping[str, Any],
    errors: Mapping[str, Sequence[str]],
    group: str = "",
) -> list[FormField]:
    """The fields of ``form`` in order.

    ``prefix``: of their ids; ``options``: by source; ``given``: what they hold; ``group``: of their names, where a page
    has the same form several times.
    """
    drawn = []
    for name, field in form().fields.items():
        meta = field.metadata
        choices = meta.get("choices") or options.get(meta.get("source", ""), ())
        values = _texts(given.get(name))
        if not values and field.required and len(choices) == 1:
            values = (choices[0][0],)  # there is nothing to choose
        drawn.append(
            FormField(
                name=f"{group}{name}",
                id=f"{prefix}-{name}",
                label=meta["label"],
                widget=meta["widget"],
                hint=meta.get("hint", ""),
                optional=not field.required,
                options=tuple({"value": value, "label": text} for value, text in choices),
                values=values,
                error=" ".join(map(str, errors.get(name, ()))),
                limit=_longest(field),
                rows=meta.get("rows", ROWS),
            )
        )
    return drawn


def read(form: type[Schema], sent: MultiDict[str, str], group: str = "") -> dict[str, Any]:
    """What was sent for the fields of ``form``, as its schema loads it: what was left empty is left out if required."""
    given: dict[str, Any] = {}
    for name, field in form().fields.items():
        sent_name = f"{group}{name}"
        if isinstance(field, fields.List):
            if chosen := [value for value in sent.getlist(sent_name) if value]:
                given[name] = chosen
        elif sent.get(sent_name) or not field.required:
            given[name] = _one_break(sent.get(sent_name, ""))
    return given


def error_list(drawn: Iterable[FormField]) -> list[tuple[str, str]]:
    """Field id and message, for the summary above the form."""
    return [(field.id, f"{field.label}：{field.error}") for field in drawn if field.error]


def _one_break(text: str) -> str:
    """A line break counts as one character, as the counter on the page counts it; browsers send two."""
    return text.replace("\r\n", "\n")


def _longest(field: fields.Field) -> int:
    return next((v.max or 0 for v in field.validators if isinstance(v, validate.Length)), 0)


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, Iterable):
        return tuple(map(str, value))
    return ("on",) if value else ()
