"""Make the files again: `python -m tests.client.sheets.make SOFFICE [LANGUAGE…]`. LibreOffice 7.4 made those of today.

The sheet is opened as a CSV with the defaults of LibreOffice's dialog, saved in each format, opened and saved again,
each in four languages with a profile of its own. Not part of CI: another version of LibreOffice may write other files.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from .people import COLUMNS, rows

HERE: Final = Path(__file__).parent / "saved"
LANGUAGES: Final = {"de": "de-DE", "fr": "fr-FR", "ja": "ja-JP", "en": "en-US"}
# Fields end with comma, semicolon or tab; quotes; UTF-8; from line 1; no formats; the language of the profile
OPENED: Final = "CSV:44/59/9,34,{charset},1,,0,false,false"
# As its dialog: a comma, quotes, UTF-8, text not quoted unless needed, cells as shown
SAVED: Final = "csv:Text - txt - csv (StarCalc):{separator},34,{charset},1,,0,false,true,false"
UTF_8: Final = 76
# What the dialog of LibreOffice on Windows begins with in these languages
WINDOWS: Final = {"de": 1, "ja": 64}
PROFILE: Final = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>{0}</value></prop></item>
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooLocale" oor:op="fuse"><value>{0}</value></prop></item>
</oor:items>
"""  # noqa: E501


class Office:
    def __init__(self, program: str, locale: str, folder: Path) -> None:
        self.folder = folder
        self.words = [program, "--headless", "--norestore", f"-env:UserInstallation=file://{folder}/profile"]
        user = folder / "profile/user"
        user.mkdir(parents=True)
        (user / "registrymodifications.xcu").write_text(PROFILE.format(locale))

    def save(self, file: Path, kind: str, step: str, *, charset: int = UTF_8, separator: int = 44) -> Path:
        """The file opened and saved as another."""
        opened = [f"--infilter={OPENED.format(charset=charset)}"] if file.suffix == ".csv" else []
        target = SAVED.format(charset=charset, separator=separator) if kind == "csv" else kind
        out = self.folder / step
        done = subprocess.run(  # noqa: S603
            [*self.words, *opened, "--convert-to", target, "--outdir", str(out), str(file)],
            capture_output=True,
            check=True,
        )
        saved = out / f"{file.stem}.{kind}"
        if not saved.exists():
            raise RuntimeError(f"{saved} was not written: {done.stderr.decode()}")
        return saved


def main(program: str, *languages: str) -> None:
    HERE.mkdir(exist_ok=True)
    for language in languages or LANGUAGES:
        locale = LANGUAGES[language]
        with tempfile.TemporaryDirectory() as folder:
            office = Office(program, locale, Path(folder))
            sheet = Path(folder, f"{language}.csv")
            with sheet.open("w", encoding="utf-8", newline="") as written:
                csv.writer(written).writerows([COLUMNS, *rows()])
            for kind in ("csv", "xlsx", "ods"):
                once = office.save(sheet, kind, "once")
                office.save(once, kind, "twice").replace(HERE / f"{language}.{kind}")
            if language in WINDOWS:
                ods = office.save(sheet, "ods", "windows")
                saved = office.save(ods, "csv", "windows", charset=WINDOWS[language], separator=59)
                saved.replace(HERE / f"{language}-windows.csv")


if __name__ == "__main__":
    main(*sys.argv[1:])
