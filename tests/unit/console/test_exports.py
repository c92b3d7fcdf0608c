"""Every list of the console is a CSV file, too."""

from __future__ import annotations

from tests.documents import ROOT

# Tables that are no lists of what is stored
NOT_LISTS = {
    "compose_look.html": "a dry run",
    "import_one.html": "a report, with every row as JSON lines",
    "search.html": "at most a few hits",
}


def test_every_page_with_a_table_offers_it_as_csv() -> None:
    tables = {}
    for folder in ("console/pages", "local/pages"):
        for page in sorted((ROOT / folder).glob("*.html")):
            text = page.read_text()
            if text.count("<table"):
                tables[page.name] = (text.count("<table"), text.count("show.download("))
    for name, (lists, files) in tables.items():
        assert files >= lists or name in NOT_LISTS, name
    assert tables.keys() > NOT_LISTS.keys()
