"""docs/sealing.md says what the code does: its table of fields, its labels, its figures."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from supervision.domain.rulebook import Rulebook
from supervision.sealing.binding import Place
from supervision.sealing.compartments import COMPARTMENTS
from supervision.sealing.padding import KIB, SIZE_CLASSES, size_class
from supervision.sealing.passphrase import STANDARD_COST
from supervision.sealing.payload import file_key
from supervision.sealing.retention import CLASS_OF, CONTENT_CLASS, IDENTITY_CLASS

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "sealing.md").read_text(encoding="utf-8")
CODE = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "supervision" / "sealing").glob("*.py")))
LABEL = re.compile(r"supervision/[a-z]+/v[0-9]+")
PLACE = Place(origin="a", manifest=bytes(32), suite=2, stream_id=UUID(int=1), compartment="content")


def rows(first_column: str) -> list[list[str]]:
    """The cells of the table whose first heading is ``first_column``, without code marks."""
    lines = TEXT[TEXT.index(f"| {first_column} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_has_exactly_the_fields_that_can_be_sealed() -> None:
    written = [tuple(row[:4]) for row in rows("compartment")]
    assert written == [
        (name, field, meaning, compartment.reader.value)
        for name, compartment in COMPARTMENTS.items()
        for field, meaning in compartment.fields.items()
    ]


def test_every_field_is_bound_to_what_the_table_says() -> None:
    """Changing any one of the named things gives another key."""
    key = file_key(PLACE, bytes(32), "text").key
    elsewhere = {
        "origin": file_key(replace(PLACE, origin="b"), bytes(32), "text"),
        "manifest": file_key(replace(PLACE, manifest=b"1" * 32), bytes(32), "text"),
        "suite": file_key(replace(PLACE, suite=3), bytes(32), "text"),
        "stream": file_key(replace(PLACE, stream_id=UUID(int=2)), bytes(32), "text"),
        "compartment": file_key(replace(PLACE, compartment="facts"), bytes(32), "text"),
        "field": file_key(PLACE, bytes(32), "title"),
    }
    assert all(other.key != key for other in elsewhere.values())
    for row in rows("compartment"):
        assert row[4].split(", ") == list(elsewhere)


def test_padding_is_what_the_table_says() -> None:
    classes = ", ".join(str(size // KIB) for size in SIZE_CLASSES)
    assert size_class(SIZE_CLASSES[-1] + 1) == 2 * SIZE_CLASSES[-1]
    for row in rows("compartment"):
        assert row[5] == f"{classes} KiB" + (", then doubled" if row[1] in ("file.N", "enclosure") else "")


def test_how_long_what_is_kept_is_what_the_rules_say() -> None:
    classes = {IDENTITY_CLASS: "身份类", CONTENT_CLASS: "内容类"}
    for row in rows("compartment"):
        assert row[6] == classes[CLASS_OF[row[0]]]
    rules = Rulebook.load().retention
    years = sorted(rules.years.values())
    told = " ".join(TEXT.split())
    assert f"kept {rules.identity} years" in told and f"({years[0]} or {years[1]} years, or for ever, E-31)" in told


def test_every_label_of_the_code_is_explained_and_no_other() -> None:
    key_label_of_events = {"supervision/key/v1"}
    assert {row[0] for row in rows("label")} == set(LABEL.findall(CODE)) | key_label_of_events


def test_the_cost_of_a_passphrase_is_the_one_written() -> None:
    cost = STANDARD_COST
    assert f"{cost.memory_kib // 1024} MiB, {cost.iterations} iterations, {cost.lanes} lanes" in TEXT


def test_the_purposes_of_a_code_are_those_written() -> None:
    assert {row[0] for row in rows("purpose")} == set(re.findall(r'secret\("([a-z]+)"', CODE))
