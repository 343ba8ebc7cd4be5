"""Who may do what with a dataset, which version is meant, and when a card can't show all findings."""

from __future__ import annotations

import pytest

from tests.fakes.records import make_dataset, make_drop, make_report
from tuning.datasets.report import Finding
from tuning.findings import bad_rows, more_than_shown
from tuning.named import wanted_version
from tuning.policy import Action, NotAllowedTo, may, require
from tuning.records import Person

ACTIONS = (Action.rename, Action.share, Action.delete, Action.add_version)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_dataset_is_changed_by_its_owner_and_by_administrators_of_its_workspace(action: Action) -> None:
    dataset = make_dataset()
    assert may(Person("T1", "U1"), action, dataset)
    assert may(Person("T1", "U9", admin=True), action, dataset)
    assert not may(Person("T1", "U2"), action, dataset)
    assert not may(Person("T2", "U1", admin=True), action, dataset)


def test_a_rejected_file_is_mended_by_who_dropped_it_and_by_administrators() -> None:
    drop = make_drop(filename="bad.jsonl")
    assert may(Person("T1", "U1"), Action.mend, drop)
    assert may(Person("T1", "U9", admin=True), Action.mend, drop)
    with pytest.raises(NotAllowedTo, match=r"Only its owner or an administrator may mend bad\.jsonl"):
        require(Person("T1", "U2"), Action.mend, drop, drop.filename)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("news", ("news", None)),
        ("news@2", ("news", 2)),
        ("news@", ("news@", None)),
        ("@2", ("@2", None)),
        ("news@two", ("news@two", None)),
        ("a@b@3", ("a@b", 3)),
        ("news@99999999", ("news@99999999", None)),
        ("news@²", ("news@²", None)),
    ],
)
def test_a_number_behind_an_at_sign_is_a_version(typed: str, meant: tuple[str, int | None]) -> None:
    assert wanted_version(typed) == meant


def finding(code: str, row: int | None, severity: str = "error") -> Finding:
    return Finding(code, severity, row, "", "message", None if row is None else row * 100)  # type: ignore[arg-type]


def test_a_file_is_owed_only_when_the_card_leaves_findings_out() -> None:
    few = make_report(ok=False, findings=(finding("a", 1), finding("b", None)), codes={"a": 3, "b": 1})
    assert not more_than_shown(few)
    assert more_than_shown(make_report(ok=False, findings=(finding("a", 1),), codes={"a": 4}))
    kinds = [finding(name, 1) for name in "abcde"]
    assert more_than_shown(make_report(ok=False, findings=tuple(kinds), codes=dict.fromkeys("abcde", 1)))
    warned = make_report(ok=False, findings=(finding("w", 1, "warning"),), codes={"w": 9})
    assert not more_than_shown(warned)


def test_bad_rows_come_in_order_with_all_their_errors_and_no_warnings() -> None:
    found = (
        finding("b", 9),
        finding("a", 2),
        finding("c", 9),
        finding("w", 1, "warning"),
        finding("f", None),
    )
    rows = bad_rows(make_report(ok=False, findings=found))
    assert {row: (offset, [one.code for one in some]) for row, (offset, some) in rows.items()} == {
        2: (200, ["a"]),
        9: (900, ["b", "c"]),
    }
    assert list(rows) == [2, 9]
