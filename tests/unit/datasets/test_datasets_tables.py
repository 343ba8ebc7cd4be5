"""Tables as people bring them: nothing of a row is cut or swallowed without its line being told."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest
from dataset_rows import chat

from tests.fakes.workbook import workbook
from tuning.datasets.convert import Conversion, convert_file, preview_file
from tuning.datasets.unpack import CannotConvert


def converted(folder: Path, data: bytes | str, **options: str) -> Conversion:
    source = folder / "source"
    source.write_bytes(data if isinstance(data, bytes) else data.encode())
    return convert_file(source, folder / "target.jsonl", preview=99, **options)


def pair(asked: str, said: str) -> dict[str, object]:
    return chat(("user", asked), ("assistant", said))


def test_a_row_with_more_cells_than_columns_is_left_out_with_its_line(tmp_path: Path) -> None:
    made = converted(tmp_path, "question,answer\nMay I?,No, not now\nWho?,Me,\nWhy?,So\n")
    assert made.preview == [pair("Who?", "Me"), pair("Why?", "So")]
    ((line, why),) = made.skips
    assert (line, why.startswith("it has 3 cells, and the table 2 columns")) == (2, True)


def test_a_quotation_mark_that_is_never_closed_is_told_with_the_lines_it_swallows(tmp_path: Path) -> None:
    made = converted(tmp_path, 'question,answer\nWho?,Me\nHow tall?,"6"" or so\nWhy?,So\nWhen?,Now\n')
    assert made.preview == [pair("Who?", "Me")]
    assert made.skips == [(3, "a quotation mark isn't closed in lines 3 to 5")]


def test_a_quotation_mark_that_a_later_row_closes_is_told_too(tmp_path: Path) -> None:
    made = converted(tmp_path, 'question,answer\nHow tall?,"6 feet\nWhy?,"So, so"\nWhen?,Now\n')
    assert made.preview == [pair("When?", "Now")]
    assert made.skips == [(2, "a quotation mark isn't closed in lines 2 to 3")]


def test_rows_of_several_lines_are_told_by_the_line_that_they_begin_in(tmp_path: Path) -> None:
    made = converted(tmp_path, 'question,answer\n"Who\nis it?","Me,\n""I"" am"\n"And\nwhy?",\n')
    assert made.preview == [pair("Who\nis it?", 'Me,\n"I" am')]
    assert made.skips == [(5, "the answer is empty")]


def test_a_separator_inside_of_quotes_does_not_count(tmp_path: Path) -> None:
    made = converted(tmp_path, '"question, short, in a line";"answer"\nWho?;Me\n')
    assert made.columns == ["question, short, in a line", "answer"]
    made = converted(tmp_path, '"question"\t"answer"\n"Who, me?"\t"Yes, you"\n')
    assert made.preview == [pair("Who, me?", "Yes, you")]


def test_titles_over_the_names_of_the_columns_are_passed_over(tmp_path: Path) -> None:
    made = converted(tmp_path, "Export of May,\n\nmade by,Ana\nquestion,answer\nWho?,\nWhy?,So\n")
    assert (made.preview, made.skips) == ([pair("Why?", "So")], [(5, "the answer is empty")])


def test_a_first_row_that_may_be_data_is_told(tmp_path: Path) -> None:
    made = converted(tmp_path, "Who are you?,Me\nWhy?,So\n")
    assert made.preview == [pair("Why?", "So")]
    assert "The first row was taken for the names of the columns: Who are you?, Me" in made.notes[0]
    assert converted(tmp_path, "question,answer\nWhy?,So\n").notes == []


def test_columns_that_are_not_used_are_named(tmp_path: Path) -> None:
    made = converted(tmp_path, "id,question,answer,mood\n1,Why?,So,glad\n")
    assert made.notes == ["Columns that aren't used: id, mood."]


def test_marks_of_the_old_completions_format_go_only_where_all_rows_have_them(tmp_path: Path) -> None:
    old = converted(tmp_path, "prompt,completion\nA ->, b END\nC ->, d END\n")
    assert old.preview == [pair("A", "b"), pair("C", "d")]
    new = converted(tmp_path, "prompt,completion\nHow does it end?,THE END\nName a sign ->,###\n")
    assert new.preview == [pair("How does it end?", "THE END"), pair("Name a sign ->", "###")]


def test_a_damaged_byte_leaves_its_row_out_and_the_rest_is_still_utf_8(tmp_path: Path) -> None:
    made = converted(tmp_path, "question,answer\nWo?,Über Köln\n".encode() + b"caf\xe9,x\nWer?,Ich\n")
    assert made.preview == [pair("Wo?", "Über Köln"), pair("Wer?", "Ich")]
    assert [number for number, why in made.skips if "damaged" in why] == [3]


def test_half_of_a_character_in_utf_16_leaves_its_row_out(tmp_path: Path) -> None:
    text = "question,answer\nWho?,Me\nWhat?,\ud83d\nWhy?,So\n"
    made = converted(tmp_path, b"\xff\xfe" + text.encode("utf-16-le", "surrogatepass"))
    assert made.preview == [pair("Who?", "Me"), pair("Why?", "So")]
    assert [number for number, why in made.skips if "damaged" in why] == [3]


def test_many_broken_rows_before_the_first_good_one_hide_no_columns(tmp_path: Path) -> None:
    made = converted(tmp_path, "question,answer\n" + "a,b,c\n" * 99 + "Why?,So\n")
    assert (made.preview, made.skipped) == ([pair("Why?", "So")], 99)


def test_text_that_is_taken_for_windows_text_says_so(tmp_path: Path) -> None:
    made = converted(tmp_path, "question,answer\nCafé?,Oui\nà\x81?,Non\n".encode("latin-1"))
    assert made.preview == [pair("Café?", "Oui")]
    assert made.skipped == 1
    assert "read as Windows-1252" in made.notes[0]


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    for data in (bytes(range(256)) * 9, b"%PDF-1.7 a, b\nc, d\n"):
        with pytest.raises(CannotConvert, match="is no text"):
            converted(tmp_path, data)


def test_the_sheet_with_names_that_are_known_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    notes, data = [["Column", "Meaning"], ["question", "asked"]], [["question", "answer"], ["Why?", "So"]]
    made = converted(tmp_path, workbook(notes, data, [], [["spare"]]))
    assert made.preview == [pair("Why?", "So")]
    assert made.notes == ["Only the sheet s2 was read, not s1, s4."]


def test_rows_of_a_sheet_have_the_numbers_that_excel_shows(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    book = workbook([["question", "answer"], ["Why?", "So"], ["Who?", None]])
    moved = book_with(book, "<row>", '<row r="7">')
    made = converted(tmp_path, moved)
    assert (made.rows, made.skips) == (1, [(9, "the answer is empty")])


def test_two_cells_that_lie_far_apart_are_refused_in_words(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    book = workbook([["question", "answer"], ["x"]])
    far = book_with(book, "</row><row><c", '</row><row r="1048576"><c r="XFD1048576"')
    with pytest.raises(CannotConvert, match="its cells lie too far apart"):
        converted(tmp_path, far)


def test_what_a_workbook_unpacks_to_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("python_calamine")
    monkeypatch.setattr("tuning.datasets.sheets.MOST_UNPACKED", 1000)
    with pytest.raises(CannotConvert, match="Unpacked the workbook has more than"):
        converted(tmp_path, workbook([["question", "answer"], ["Why?", "So"]] * 99))


def book_with(book: bytes, before: str, after: str) -> bytes:
    """A workbook whose first sheet's XML has something else in one place."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(name, text.replace(before, after, 1) if name.endswith("sheet1.xml") else text)
    return out.getvalue()


def test_a_cell_full_of_spaces_and_a_thousand_equal_names_take_no_time(tmp_path: Path) -> None:
    path = tmp_path / "spaces.csv"
    blank = " " * 300_000
    path.write_text("prompt,completion\n" + f'"Who{blank}is it?","Ann{blank}Lee"\n' * 3)
    began = time.process_time()
    assert convert_file(path, tmp_path / "spaces.jsonl").rows == 3
    path.write_text(",".join(["text"] * 999) + ",label\n" + ",".join(["a"] * 1000) + "\n")
    preview_file(path, rows=1)
    assert time.process_time() - began < 5


def test_a_line_break_in_a_name_hides_no_columns_from_their_limit(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text('"a\nb",' + ",".join(f"c{n}" for n in range(1500)) + "\n" + "1," * 1500 + "1\n")
    with pytest.raises(CannotConvert, match="more than 1,000 columns"):
        preview_file(path, rows=1)
