"""The report keeps to its schema, and the schema to its documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from dataset_rows import chat, good

from tuning.datasets import SCHEMA, check_file
from tuning.datasets.report import Finding, Price, Report, Span, TokenStats, TurnStats, json_schema

DOCS = Path(__file__).parents[3] / "docs"
WRITTEN = DOCS / "report.schema.json"


def test_the_written_schema_is_that_of_the_code():
    assert WRITTEN.read_bytes() == json_schema(), (
        "a field changed: write it again with python -m tuning.datasets.report > docs/report.schema.json"
        " and think about SCHEMA"
    )
    assert f"schema {SCHEMA}" in json.loads(json_schema())["title"]


@pytest.mark.parametrize("rows", [[], [{}], [good(n) for n in range(60)], [chat(("user", "u" * 9))] * 3])
def test_a_report_keeps_to_the_written_schema(write, rows: list[Any]):
    report = json.loads(check_file(write(*rows), max_tokens=5).to_json())
    jsonschema.validate(report, json.loads(WRITTEN.read_text()))
    assert report["schema"] == SCHEMA


def test_a_report_of_another_schema_is_refused(write):
    report = json.loads(check_file(write(good())).to_json())
    with pytest.raises(ValueError, match="schema 99"):
        Report.from_json(json.dumps({**report, "schema": 99}))


@pytest.mark.parametrize("record", [Report, Finding, TokenStats, TurnStats, Span, Price])
def test_every_field_is_documented(record: Any):
    text = (DOCS / "datasets.md").read_text(encoding="utf-8")
    missing = [field for field in record.__struct_fields__ if f"`{field}`" not in text]
    assert not missing
