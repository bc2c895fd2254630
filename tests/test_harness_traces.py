"""The search for traces finds a text in each spelling, so that finding nothing says something."""

import base64
import os
import tempfile
from pathlib import Path

import pytest

from tests.support.traces import spellings, traces

TEXT = "柳湾村危房名单"


def test_each_spelling_is_found(tmp_path: Path) -> None:
    marks = spellings(TEXT)
    for number, mark in enumerate(marks):
        (tmp_path / str(number)).write_bytes(os.urandom(50) + mark + os.urandom(50))
    assert len(traces([tmp_path], TEXT)) == len(marks)


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_base64_is_found_at_any_offset(tmp_path: Path, before: int, encoding: str) -> None:
    raw = os.urandom(before) + TEXT.encode(encoding) + os.urandom(7)
    (tmp_path / "a").write_bytes(b"{" + base64.b64encode(raw) + b"}")
    assert traces([tmp_path], TEXT) == [str(tmp_path / "a")]


def test_an_open_file_without_a_name_is_found(tmp_path: Path) -> None:
    with tempfile.TemporaryFile(dir=tmp_path) as hidden:
        hidden.write(TEXT.encode())
        hidden.flush()
        assert traces([tmp_path], TEXT)
    assert traces([tmp_path], TEXT) == []


def test_a_text_that_chance_could_write_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        spellings("甲")
