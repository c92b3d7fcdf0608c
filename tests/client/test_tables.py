# ruff: noqa: E501, RUF001, DTZ001  # rows and parts of files
"""Tables as people save them: whatever the program, every user is unchanged or named as damaged."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from fanfare_client.imports import Unreadable
from fanfare_client.imports.reading import SOURCES
from fanfare_client.imports.records import LeftOut, Wrong
from fanfare_client.imports.tables import phones, sheets
from fanfare_client.imports.tables.damage import damage_of
from fanfare_client.imports.tables.made_of import made_of
from fanfare_client.imports.tables.options import TableOptions
from fanfare_client.imports.tables.users import time_of
from fanfare_client.imports.tables.words import refused

PEOPLE = ["id,name,phone", "u-1,Zoë Müller,+43 664 1234567", 'u-2,"Smith; J, jr.",+44 7700 900123']
STORED = {
    "u-1": {"name": "Zoë Müller", "phone": "+436641234567"},
    "u-2": {"name": "Smith; J, jr.", "phone": "+447700900123"},
}


def read(file: Path, **options: Any) -> tuple[dict[str, Any], list[tuple[int, str, str]]]:
    """Users with their fields, and what is left out."""
    users: dict[str, Any] = {}
    left: list[tuple[int, str, str]] = []
    for row in SOURCES["csv"].rows(file, TableOptions(**options)):
        for each in row.found:
            if isinstance(each, LeftOut):
                left.append((row.place, each.code, each.column))
            elif each.kind == "user":
                users[each.body["id"]] = {name: value for name, value in each.body.items() if name != "id"}
    return users, left


def table(tmp_path: Path, *rows: str) -> Path:
    file = tmp_path / "t.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


def delimited(delimiter: str) -> str:
    rows = [
        ["id", "name", "phone"],
        ["u-1", "Zoë Müller", "+43 664 1234567"],
        ["u-2", '"Smith; J, jr."', "+44 7700 900123"],
    ]
    return "".join(delimiter.join(row) + "\r\n" for row in rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_and_encodings_are_seen(tmp_path: Path, delimiter: str, encoding: str) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(delimited(delimiter).encode(encoding))
    assert read(file) == (STORED, [])


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_lines_end_in_any_way_and_excel_names_its_delimiter(tmp_path: Path, end: str) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(("sep=;" + end + delimited(";").replace("\r\n", end)).encode())
    assert read(file) == (STORED, [])


def test_an_encoding_that_can_not_be_seen_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(delimited(";").encode("cp1252"))
    with pytest.raises(Unreadable, match=r"is not UTF-8 .* Pass --encoding"):
        read(file)
    assert read(file, encoding="windows-1252") == (STORED, [])


# Spreadsheets, as small as the formats allow


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def xlsx(file: Path, rows: list[list[str]], **others: list[list[str]]) -> Path:
    """Cells are written as XML: `<c t="…"><v>…</v></c>`. The parts of `others` come before that of the first sheet."""
    sheets = {"S": rows} | others
    parts = {name: f"sheet{number}" for number, name in enumerate(reversed(sheets), start=1)}
    listed = "".join(f'<sheet name="{name}" sheetId="{part[-1]}" r:id="r-{part}"/>' for name, part in parts.items())
    if others:
        listed = "".join(reversed([f"<sheet{each}" for each in listed.split("<sheet")[1:]]))
    related = "".join(
        f'<Relationship Id="r-{part}" Type="{OFFICE}/worksheet" Target="{target}worksheets/{part}.xml"/>'
        for part, target in zip(parts.values(), ("", "/xl/", "../xl/"), strict=False)
    )
    written = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">{related}</Relationships>',
    }
    for name, part in parts.items():
        cells = "".join(f"<row>{''.join(row)}</row>" for row in sheets[name])
        written[f"xl/worksheets/{part}.xml"] = f'<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>'
    with zipfile.ZipFile(file, "w") as packed:
        for name, text in written.items():
            packed.writestr(name, text)
    return file


def ods(file: Path, **tables: list[list[str]]) -> Path:
    """Cells are written as XML: `<table:table-cell …>`."""
    names = {"office": "1.0", "table": "1.0", "text": "1.0", "of": "1.2"}
    spaces = " ".join(f"xmlns:{name}='urn:oasis:names:tc:opendocument:xmlns:{name}:{no}'" for name, no in names.items())
    spaces += " xmlns:calcext='urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0'"
    lines = {
        name: "".join(f"<table:table-row>{each}</table:table-row>" for each in map("".join, rows))
        for name, rows in tables.items()
    }
    found = "".join(f"<table:table table:name='{name}'>{rows}</table:table>" for name, rows in lines.items())
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        manifest = "<manifest:manifest xmlns:manifest='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'/>"
        packed.writestr("META-INF/manifest.xml", manifest)
        packed.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>{found}</office:spreadsheet></office:body></office:document-content>",
        )
    return file


def texts(*values: str) -> list[str]:
    return [
        f"<table:table-cell office:value-type='string'><text:p>{escape(value)}</text:p></table:table-cell>"
        for value in values
    ]


def words(*texts: str) -> list[str]:
    return [f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>' for text in texts]


def test_a_sheet_is_a_table_and_its_damage_is_named(tmp_path: Path) -> None:
    file = xlsx(
        tmp_path / "t.xlsx",
        [
            words("id", "name", "phone"),
            words("u-1", "Zoë Müller", "+43 664 1234567"),
            [*words("u-2", "Bob"), "<c><v>447700900123</v></c>"],
            ["<c><v>4111111111111111</v></c>", *words("Eve", "")],
            [*words("u-4", "Dan"), '<c r="C5" t="e"><v>#NAME?</v></c>'],
        ],
    )
    users, left = read(file)
    assert users == {"u-1": STORED["u-1"], "u-2": {"name": "Bob"}, "u-4": {"name": "Dan"}}
    assert [(place, column) for place, _, column in left] == [(3, "phone"), (4, "id"), (5, "phone")]
    assert left[0][1:] == ("lost_plus", "phone")


# Errors of cells, which the library reads as empty ones: in a column of refusals that would be a yes


# As LibreOffice writes them, as others do, and what is no error: a formula whose text is empty
NOT_AVAILABLE = "<table:table-cell table:formula='of:=NA()' office:value-type='string' office:string-value='' calcext:value-type='error'><text:p>#N/A</text:p></table:table-cell>"
PLAIN = "<table:table-cell table:formula='of:=NA()' office:value-type='string' office:string-value=''><text:p>Err:508</text:p></table:table-cell>"
NO_ERROR = "<table:table-cell table:formula='of:=&quot;&quot;' office:value-type='string' office:string-value=''><text:p/></table:table-cell>"
SKIPPED = "<table:table-cell table:number-columns-repeated='2'/>"


@pytest.mark.parametrize(("cell", "said"), [(NOT_AVAILABLE, "#N/A"), (PLAIN, "Err:508")])
def test_an_error_in_a_document_is_named(tmp_path: Path, cell: str, said: str) -> None:
    rows = [
        texts("id", "name", "phone", "opt_out"),
        [*texts("u-1"), SKIPPED, cell],
        [*texts("u-2", "Bob"), cell, *texts("")],
        [*texts("u-3", "Cy"), NO_ERROR, *texts("email")],
    ]
    others = [texts("id"), [cell]]
    found = [row.values for row in sheets.rows(ods(tmp_path / "t.ods", Users=rows, Other=others)) if row.place < 5]
    assert found == [
        {"id": "u-1", "name": "", "phone": "", "opt_out": said},
        {"id": "u-2", "name": "Bob", "phone": said, "opt_out": ""},
        {"id": "u-3", "name": "Cy", "phone": "", "opt_out": "email"},
    ]


def test_nobody_is_written_to_whose_refusal_is_an_error(tmp_path: Path) -> None:
    header, person = ("id", "email", "opt_out"), ("u-1", "ada@example.com")
    files = [
        xlsx(tmp_path / "t.xlsx", [words(*header), [*words(*person), '<c t="e"><v>#N/A</v></c>']]),
        ods(tmp_path / "t.ods", A=[texts(*header), [*texts(*person), NOT_AVAILABLE]]),
        ods(tmp_path / "u.ods", A=[texts(*header), [*texts(*person), PLAIN]]),
    ]
    for file in files:
        (row,) = SOURCES["csv"].rows(file, TableOptions())
        kinds = [each.kind for each in row.found if not isinstance(each, LeftOut)]
        assert kinds == ["suppression", "user"], file


def test_errors_are_those_of_the_sheet_that_is_read_whatever_its_part_is_called(tmp_path: Path) -> None:
    error = '<c t="e"><v>#REF!</v></c>'
    people = [words("id", "phone"), [*words("u-1"), error], words("u-2", "+436641234567")]
    other = [words("x", "y"), words("1", "2"), [*words("3"), error]]
    rows = [*sheets.rows(xlsx(tmp_path / "t.xlsx", people, Other=other))]
    assert [row.values for row in rows[:2]] == [
        {"id": "u-1", "phone": "#REF!"},
        {"id": "u-2", "phone": "+436641234567"},
    ]
    assert isinstance(rows[2].values, LeftOut)
    empty_first = xlsx(tmp_path / "u.xlsx", [], Other=people)
    assert next(row.values for row in sheets.rows(empty_first)) == {"id": "u-1", "phone": "#REF!"}


@pytest.mark.parametrize(
    ("start", "detail"), [(b"\xd0\xcf\x11\xe0", r"old \.xls file, or has a password"), (b"PK\x03\x04", "Can't read")]
)
def test_a_file_that_is_another_format_is_refused_with_the_cure(tmp_path: Path, start: bytes, detail: str) -> None:
    file = tmp_path / "t.xlsx"
    file.write_bytes(start + bytes(600))
    with pytest.raises(Unreadable, match=detail):
        read(file)


def test_a_binary_workbook_is_refused_with_the_cure(tmp_path: Path) -> None:
    file = tmp_path / "t.xlsb"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("xl/workbook.bin", b"")
    with pytest.raises(Unreadable, match=r"Save it as \.xlsx"):
        read(file)


@pytest.mark.parametrize(("epoch", "days"), [("", 46388), ('<workbookPr date1904="1"/>', 44926)])
def test_a_date_is_the_same_day_in_both_calendars_of_excel(tmp_path: Path, epoch: str, days: int) -> None:
    """ECMA-376 part 1, 18.17.4.1: serial numbers of the 1900 and the 1904 date base."""
    file = xlsx(tmp_path / "t.xlsx", [words("id", "at"), [*words("u-1"), f'<c s="1"><v>{days}</v></c>']])
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    style = f'<Relationship Id="styles" Type="{OFFICE}/styles" Target="styles.xml"/>'
    with zipfile.ZipFile(file) as packed:
        parts = {name: packed.read(name).decode() for name in packed.namelist()}
    parts["xl/styles.xml"] = styles
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace("<sheets>", f"{epoch}<sheets>")
    parts["xl/_rels/workbook.xml.rels"] = parts["xl/_rels/workbook.xml.rels"].replace("</Rel", f"{style}</Rel", 1)
    with zipfile.ZipFile(file, "w") as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
    assert [row.values for row in sheets.rows(file)] == [{"id": "u-1", "at": "2027-01-01"}]


def test_a_second_sheet_is_named(tmp_path: Path) -> None:
    file = ods(tmp_path / "users.ods", A=[texts("id"), texts("a1")], B=[texts("id"), texts("b1")])
    rows = [*sheets.rows(file)]
    assert [row.values for row in rows[:1]] == [{"id": "a1"}]
    detail = "sheet B is not read, only A: save it as a file of its own"
    assert [(row.place, row.values) for row in rows[1:]] == [(3, LeftOut("another_sheet", detail))]


def test_a_sheet_that_would_not_fit_into_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "UNPACKED_LIMIT", 1_000)
    file = xlsx(tmp_path / "t.xlsx", [words("id", "name"), *(words(f"u-{number}", "x") for number in range(100))])
    with pytest.raises(Unreadable, match="Save it as CSV"):
        read(file)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (True, "TRUE"),
        (3.0, "3"),
        (1.5, "1.5"),
        (4111111111111111.0, "4.11111111111111E+15"),
        (datetime.date(2026, 3, 1), "2026-03-01"),
        (datetime.datetime(2026, 3, 1), "2026-03-01"),
        (datetime.time(22, 0), "22:00:00"),
        (datetime.timedelta(hours=22), "22:00"),
    ],
)
def test_cells_read_as_text(cell: Any, text: str) -> None:
    assert sheets.text_of(cell) == text


# Damage


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("phone", "4.47E+11", "scientific"),
        ("id", "4,11111E+15", "scientific"),
        ("name", "#NAME?", "spreadsheet_error"),
        ("name", "#WERT!", "spreadsheet_error"),
        ("phone", "Err:508", "spreadsheet_error"),
        ("id", "01.02.2026", "date"),
        ("id", "1. Mrz", "date"),
        ("id", "Mar-01", "date"),
        ("id", "2026/3/1", "date"),
        ("id", "2026年3月1日", "date"),
        ("name", "?? ??", "lost_characters"),
        ("name", "M?ller", "lost_characters"),
        ("attributes.city", "K\ufffdln", "lost_characters"),
        ("name", "MÃ¼ller", "misread_encoding"),
        ("attributes.city", "æ\x9d±äº¬", "misread_encoding"),
    ],
)
def test_what_a_spreadsheet_did_is_recognised(field: str, value: str, code: str) -> None:
    found = damage_of(field, value)
    assert found
    assert found.code == code


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Müller"),
        ("name", "Zoë Ångström"),
        ("name", "山田太郎"),
        ("name", "May"),
        ("name", "April June"),
        ("webhook", "https://example.com/?a=b"),
        ("attributes.since", "2026-01-01"),
        ("attributes.answer", "why?"),
        ("attributes.code", "1E5"),
        ("id", "user-1-2-3"),
        ("id", "12345"),
    ],
)
def test_what_is_meant_is_not_taken_for_damage(field: str, value: str) -> None:
    assert damage_of(field, value) is None


def test_the_other_values_of_a_column_show_damage(tmp_path: Path) -> None:
    zeros = table(tmp_path, "id,name", "00012,A", "00345,B", "67,C")
    assert read(zeros)[1] == [(4, "lost_zeros", "id")]
    rounded = table(tmp_path, "id,name", "4111111111111110,A", "4222222222222220,B")
    assert [code for _, code, _ in read(rounded)[1]] == ["rounded", "rounded"]
    whole = table(tmp_path, "id,name", "4111111111111111,A", "4222222222222220,B")
    assert read(whole)[1] == []
    dates = table(tmp_path, "id,attributes.v", "a,1.2", "b,1.3", "c,01.04.26", "d,1.5")
    assert read(dates)[1] == [(4, "date", "attributes.v")]


# Phones, times, refusals


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+44 7700 900123", "+447700900123"),
        ("+44 (0)7700 900123", "+447700900123"),
        ("0043-664/123 45 67", "+436641234567"),
        ("＋４３ ６６４ １２３４５６７", "+436641234567"),
    ],
)
def test_phone_numbers_are_normalised(written: str, number: str) -> None:
    assert phones.normalised(written) == number


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("+43 664 1234567 Eva", "invalid_phone"),
        ("+44 7700 900123#", "invalid_phone"),
        ("+44 7700 900123 x12", "invalid_phone"),
        ("+43 664 1234567, +43 664 7654321", "invalid_phone"),
        ("+1 800 FLOWERS", "invalid_phone"),
        ("447700900123", "lost_plus"),
        ("0664 1234567", "no_country"),
        ("+12", "invalid_phone"),
    ],
)
def test_what_is_no_number_is_refused(written: str, code: str) -> None:
    with pytest.raises(Wrong) as wrong:
        phones.normalised(written)
    assert wrong.value.left_out.code == code


def test_a_country_is_given_for_numbers_without_one() -> None:
    assert phones.normalised("07700 900123", "gb") == "+447700900123"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("22:00", "22:00"),
        ("7:00", "07:00"),
        ("22:00:00", "22:00"),
        ("10:00 PM", "22:00"),
        ("12:30 am", "00:30"),
        ("25:00", None),
    ],
)
def test_times_are_read_as_spreadsheets_write_them(text: str, time: str | None) -> None:
    assert time_of(text) == time


@pytest.mark.parametrize("word", ["", " ", "FALSE", "0", "no", "Nein", "FAUX", "subscribed", "偽"])
def test_a_clear_no_is_no_refusal(word: str) -> None:
    assert refused(word)[0] == []


def test_channels_can_be_refused_one_by_one() -> None:
    assert (refused("email")[0], refused("SMS; e-mail")[0], refused("sms")[0]) == (
        ["email"],
        ["email", "phone"],
        ["phone"],
    )


def test_invisible_marks_and_the_apostrophe_of_text_are_removed(tmp_path: Path) -> None:
    users, left = read(table(tmp_path, "id,phone", "u-1,'+436641234567", "u-2,\u200e+43 664 1234567\u200b"))
    assert (users["u-1"], users["u-2"], left) == ({"phone": "+436641234567"}, {"phone": "+436641234567"}, [])


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("00412", "412", "lost_zeros"),
        ("1E5", "100000", "number"),
        ("1 234", "1234", "number"),
        ("1,5", "1.5", "number"),
        ("50%", "0.5", "number"),
        ("+1", "1", "number"),
        ("true", "WAHR", "boolean"),
        ("MAR1", "2024-03-01", "date"),
        ("1/2", "45323", "date"),
        ("12:30", "12:30:00", "date"),
        ("9:05", "09:05", "date"),
        ("=A1", "id", "formula"),
        ("-x", "#NAME?", "formula"),
        ("Łódź", "?ód?", "lost_characters"),
        ("a\tb\nc", "abc", "lost_breaks"),
        ("12", "13", None),
        ("pro", "free", None),
        ("Ada", "Ada L", None),
        ("1.5", "2.5", None),
        ("", "x", None),
        ("x", "", None),
        ("Zoe", "Zoë", None),
        ("=A1", "=A2", None),
        ("true", "false", None),
        ("a" * 500, "b", None),
    ],
)
def test_what_a_spreadsheet_made_of_a_stored_value_is_damage(old: str, new: str, code: str | None) -> None:
    found = made_of(old, new)
    assert (found.code if found else None) == code


def test_a_row_that_was_cut_at_a_separator_in_a_text_is_refused(tmp_path: Path) -> None:
    users, left = read(table(tmp_path, "id,name,email,", "u-1,Smith, Sons,a@x.org", "u-2,Ada,b@x.org,"))
    assert (users, left) == ({"u-2": {"name": "Ada", "email": "b@x.org"}}, [(2, "wrong_columns", "")])
