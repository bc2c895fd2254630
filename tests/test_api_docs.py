"""``docs/api.md`` says what the schemas do: every field, every length, every status word."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from marshmallow import Schema
from marshmallow.validate import Length

from supervision.domain.codes import StatusWord
from supervision.intake.import_schema import ImportSchema
from supervision.intake.importer import ImportedReport
from supervision.intake.json_fields import Choice, PersonSchema, Several, Text
from supervision.sealing.receipt import ReceiptCode
from supervision.settings import Settings
from supervision.web.api.schemas import ReporterSchema, report_schema

PAGE = (Path(__file__).parents[1] / "docs" / "api.md").read_text("utf-8")
MAX_TEXT = next(field.default for field in fields(Settings) if field.name == "max_text")


def rows(heading: str) -> dict[str, str]:
    """Second cell by name of the table that begins with ``| heading |``."""
    table = PAGE.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    return {name: cell.strip() for name, cell in re.findall(r"^\| `(\w+)` \|([^|]*)\|", table, re.M)}


def longest(schema: Schema) -> dict[str, str]:
    """Each field with its limits as the page writes them."""
    found = {}
    for name, field in schema.fields.items():
        lengths = [validator.max for validator in field.validators if isinstance(validator, Length)]
        if isinstance(field, Several) and isinstance(field.inner, Text):
            inner = next(validator.max for validator in field.inner.validators if isinstance(validator, Length))
            found[name] = f"{lengths[0]} of {inner}"
        else:
            found[name] = str(lengths[0]) if lengths and not isinstance(field, Choice) else ""
    return found


@pytest.mark.parametrize(
    ("heading", "schema"),
    [
        ("field", report_schema(MAX_TEXT)),
        ("field of a respondent", PersonSchema()),
        ("field of the reporter", ReporterSchema()),
        ("field of a record", ImportSchema()),
    ],
)
def test_every_field_stands_there_with_its_length(heading: str, schema: Schema) -> None:
    assert rows(heading) == longest(schema)


def test_every_status_word_stands_there() -> None:
    assert rows("`status`") == {word.value: word.label for word in StatusWord}


def test_every_member_of_an_imported_line_stands_there() -> None:
    assert rows("member").keys() == {field.name for field in fields(ImportedReport)}


def test_the_code_in_the_example_is_a_code() -> None:
    ReceiptCode(re.search(r'"code": "(\d+)"', PAGE)[1])
