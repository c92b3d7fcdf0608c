"""The two hundred: what a spreadsheet likes to change, in every field."""

from __future__ import annotations

from typing import Final

COLUMNS: Final = (
    "id", "name", "email", "phone", "locale", "time_zone", "quiet_start", "quiet_end", "opt_out",
    "attributes.customer", "attributes.card", "attributes.code", "attributes.note",
)  # fmt: skip
NAMES: Final = (
    "Zoë Müller", "Łukasz Żółć", "花子 山田", "Ng", "O'Neil", "Mia, jr.", 'Bo "Bob" Lee', "Smith; Sons", "Ямна", "Æ",
    "=1+1", "-", "+1", "@ada", "TRUE", "NaN", "Jean-Luc  Double", "محمد", "1/2", "#NAME",
)  # fmt: skip
CODES: Final = (
    "A7", "1E5", "3-4", "MAR1", "1.5", "1,5", "50%", "$5", "TRUE", "true", "1 234", "0x1F", "1_000", "12:30",
    "2024-05-06", "6.5.2024", "5/6/24", "=A1", "10e3", "½",
)  # fmt: skip
NOTES: Final = (
    "plain", "two\nlines", 'said "yes"', "a;b,c d", " spaces around ", "#fff", "00", "ends with \\", "'quoted",
    "€ 5,00",
)  # fmt: skip
PHONES: Final = ("+43 664 1234{0:03}", "+447700900{0:03}", "+4917612345{0:03}", "+33 6 12 34 5{0:03}")
PEOPLE: Final = 200


def rows() -> list[list[str]]:
    """Texts as a person typed them, or another system wrote them."""
    return [_row(number) for number in range(PEOPLE)]


def _row(number: int) -> list[str]:
    return [
        (f"u-{number}", f"{number:06}", f"A{number}", f"{number + 1}E5", f"{4111111111111000 + number}")[number % 5],
        NAMES[number % len(NAMES)],
        f"p{number}@x.org",
        PHONES[number % len(PHONES)].format(number),
        ("de", "fr-CA", "ja", "pt_BR", "")[number % 5],
        ("Europe/Vienna", "Asia/Tokyo", "")[number % 3],
        "22:00" if number % 4 == 0 else "",
        "07:00" if number % 4 == 0 else "",
        ("", "email", "sms", "", "", "yes", "")[number % 7],
        f"{number * 37 % 10_000:05}",
        f"{5500000000000000 + number * 12345678901}",
        CODES[number % len(CODES)],
        NOTES[number % len(NOTES)],
    ]
