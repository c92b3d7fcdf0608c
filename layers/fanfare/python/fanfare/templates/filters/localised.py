"""Numbers, money, dates and plurals in a reader's language and time zone, by CLDR. Babel is imported when needed."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any, Final
from unicodedata import category

from jinja2 import Undefined

from fanfare.languages import tag
from fanfare.templates.filters.budget import Rendering
from fanfare.templates.filters.reading import FALLBACK, Reading
from fanfare.templates.filters.values import Refused, as_text, whole
from fanfare.time_zones import zone_or_utc

if TYPE_CHECKING:
    from babel.core import Locale

DIGITS: Final = 20  # after the point
SIZE: Final = 40  # digits of a number
WORK: Final = 1_000  # of a call, in characters: about 0.1 ms
STYLES: Final = ("short", "medium", "long", "full")
FORMS: Final = ("zero", "one", "two", "few", "many", "other")
HALF_UP: Final = Context(prec=2 * SIZE, rounding=ROUND_HALF_UP)
NUMBER: Final = re.compile(r"[-+]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][-+]?[0-9]{1,2})?")
# https://www.rfc-editor.org/rfc/rfc3339#section-5.6
MOMENT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,12}))?([Zz]|[-+][0-9]{2}:[0-9]{2}))?"
)


def number(context: Rendering, value: Any, digits: int | None = None) -> str:
    if digits is not None:
        whole(digits, "digits of number", least=0, most=DIGITS)
    found = _decimal(value, "number")
    if found is None:
        return ""
    locale = _reader(context)
    with localcontext(HALF_UP):
        pattern = copy.copy(locale.decimal_formats[None])
        if digits is not None:
            pattern.frac_prec = digits, digits
        return str(pattern.apply(found, locale))


def money(context: Rendering, value: Any, currency: Any) -> str:
    from babel import numbers  # noqa: PLC0415

    if not isinstance(currency, str) or not re.fullmatch("[A-Z]{3}", currency) or not numbers.is_currency(currency):
        raise Refused("money takes an ISO 4217 currency, e.g. money('EUR')")
    found = _decimal(value, "money")
    if found is None:
        return ""
    with localcontext(HALF_UP):
        locale = _reader(context)
        written = str(numbers.format_currency(found, currency, locale=locale))
    return _spaced(written, numbers.get_currency_symbol(currency, locale=locale))


def _spaced(written: str, symbol: str) -> str:
    """A no-break space between digits and a currency that is written with letters, which Babel leaves out.

    https://www.unicode.org/reports/tr35/tr35-numbers.html#Currencies (currencySpacing)
    """
    before, found, after = written.partition(symbol)
    if found and after[:1].isdigit() and not category(symbol[-1]).startswith("S"):
        found += "\u00a0"
    if found and before[-1:].isdigit() and not category(symbol[0]).startswith("S"):
        found = "\u00a0" + found
    return before + found + after


def percent(context: Rendering, value: Any) -> str:
    from babel import numbers  # noqa: PLC0415

    found = _decimal(value, "percent")
    if found is None:
        return ""
    with localcontext(HALF_UP):
        return str(numbers.format_percent(found, locale=_reader(context)))


def date_(context: Rendering, value: Any, style: Any = "medium") -> str:
    from babel import dates  # noqa: PLC0415

    moment = _moment(value, "date", style)
    if moment is None:
        return ""
    day = moment.astimezone(zone_or_utc(context.reading.time_zone)) if isinstance(moment, datetime) else moment
    return str(dates.format_date(day, style, locale=_reader(context)))


def time_(context: Rendering, value: Any, style: Any = "medium") -> str:
    from babel import dates  # noqa: PLC0415

    return _with_time(context, value, style, "time", dates.format_time)


def datetime_(context: Rendering, value: Any, style: Any = "medium") -> str:
    from babel import dates  # noqa: PLC0415

    return _with_time(context, value, style, "datetime", dates.format_datetime)


def _with_time(context: Rendering, value: Any, style: Any, name: str, write: Callable[..., str]) -> str:
    moment = _moment(value, name, style)
    if moment is None:
        return ""
    if not isinstance(moment, datetime):
        raise Refused(f"{name} takes a date with its time; {as_text(value)!r} is a date alone")
    return str(write(moment, style, tzinfo=zone_or_utc(context.reading.time_zone), locale=_reader(context)))


def plural(context: Rendering, value: Any, **forms: Any) -> str:
    if "other" not in forms or not forms.keys() <= {*FORMS}:
        raise Refused(f"plural takes a text for 'other', and for any of {', '.join(FORMS[:-1])}")
    found = _decimal(value, "plural")
    if found is None:
        return ""
    form = _plural_locale(context.reading, frozenset(forms)).plural_form(found)
    return as_text(forms.get(form, forms["other"]))


def _plural_locale(reading: Reading, forms: frozenset[str]) -> Locale:
    """The language that the forms are written in: the translation's. The default text may be written for the reader's
    language, and is if it has all of its forms."""
    if reading.part:
        return _locale(reading.part)
    reader = _locale(reading.locale or reading.default)
    return reader if reader.plural_form.tags <= forms else _locale(reading.default)


def _decimal(value: Any, name: str) -> Decimal | None:
    """A number, also one that is written as text; None for null."""
    if value is None or isinstance(value, Undefined):
        as_text(value)  # raises if the data has no such value
        return None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if NUMBER.fullmatch(str(value).strip()):
            found = Decimal(str(value).strip())
            if abs(found.adjusted()) <= SIZE:
                return found
    raise Refused(f"{name} takes a number of at most {SIZE} digits")


def _moment(value: Any, name: str, style: Any) -> date | datetime | None:
    """A time, from an RFC 3339 text or the seconds since 1970; a date if the text has no time; None for null."""
    if style not in STYLES:
        raise Refused(f"the style of {name} is one of {', '.join(STYLES)}")
    if value is None or isinstance(value, Undefined):
        as_text(value)  # raises if the data has no such value
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _within(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value))
        if isinstance(value, str) and (match := MOMENT.fullmatch(value.strip())):
            return _written(*match.groups())
    except (ValueError, OverflowError):
        pass
    raise Refused(f"{name} takes an RFC 3339 time, e.g. 2027-01-01T08:00:00Z, or the seconds since 1970")


def _written(day: str, wall: str | None, fraction: str | None, offset: str | None) -> date | datetime:
    if wall is None or offset is None:
        return date.fromisoformat(day)
    leap = wall.endswith(":60")
    moment = datetime.fromisoformat(f"{day}T{wall[:-2]}{'59' if leap else wall[-2:]}")
    micro = int((fraction or "0").ljust(6, "0")[:6])
    hours, minutes = (0, 0) if offset in "Zz" else (int(offset[1:3]), int(offset[4:]))
    away = timedelta(hours=hours, minutes=minutes) * (-1 if offset[0] == "-" else 1)
    return _within(moment.replace(microsecond=micro, tzinfo=timezone(away)) + timedelta(seconds=leap))


def _within(moment: datetime) -> datetime:
    """The time, which has to have a date in every time zone."""
    if not 2 <= moment.year <= 9998:
        raise ValueError(moment)
    return moment


def _reader(context: Rendering) -> Locale:
    return _locale(context.reading.locale or context.reading.default)


@functools.lru_cache(maxsize=256)
def _locale(written: str) -> Locale:
    """Babel's locale of a language tag, without what it does not know."""
    from babel.core import Locale, UnknownLocaleError  # noqa: PLC0415

    parts = tag(written).split("-")
    for length in range(min(len(parts), 3), 0, -1):
        try:
            return Locale.parse("_".join(parts[:length]))
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(FALLBACK)
