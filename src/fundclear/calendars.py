"""Dealing days, value dates and cut-offs: explicit lists of holidays, counted by numpy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from fundclear.amounts import show
from fundclear.errors import refuse
from fundclear.settings import read_count, read_date, read_text, refuse_unknown, within, wrong

__all__ = ["Calendar", "Day"]

#: A calendar day: a ``date``, an ISO text, or a ``datetime64`` of whole days.
Day: TypeAlias = date | str | np.datetime64

_Days: TypeAlias = npt.NDArray[np.int64]

_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)
_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Calendar:
    """The business days of some years: Monday to Friday without the holidays, and the weekend days that are worked.

    Nothing is guessed: the years are listed, and a date in another year is an error, not a day without holidays.

    Args:
        name: what funds call it by.
        years: the years whose holidays are all listed.
        holidays: days within those years without business; weekend days may be among them.
        workdays: days on a weekend with business.

    Raises:
        InputError: a day outside the years, or one that is both holiday and workday (``terms``).

    >>> import datetime
    >>> days = Calendar("SSE", years=[2017], holidays=["2017-04-29", "2017-04-30", "2017-05-01"])
    >>> days.is_business_day("2017-05-01"), days.is_business_day(datetime.date(2017, 5, 2))
    (False, True)
    >>> days.after("2017-04-28", 1)
    datetime.date(2017, 5, 2)
    """

    name: str
    years: tuple[int, ...]
    holidays: tuple[date, ...]
    workdays: tuple[date, ...]

    def __init__(
        self, name: str, *, years: Iterable[int], holidays: Iterable[Day] = (), workdays: Iterable[Day] = ()
    ) -> None:
        with within(f"calendar {show(name)}"):
            object.__setattr__(self, "name", read_text(name, "name"))
            covered = {read_count(year, "years", 9999) for year in _listed(years, "years")}
            if not covered or 0 in covered:
                raise wrong("years", "at least one year from 1 on has to be listed")
            object.__setattr__(self, "years", tuple(sorted(covered)))
            object.__setattr__(self, "holidays", _days(holidays, "holidays", covered))
            object.__setattr__(self, "workdays", _days(workdays, "workdays", covered))
            for day in self.workdays:
                if day.weekday() < _SATURDAY:
                    raise wrong("workdays", f"{day} is not on a weekend")
                if day in self.holidays:
                    raise wrong("workdays", f"{day} is among the holidays too")

    @classmethod
    def of(cls, value: Any, name: str) -> Calendar:
        """The calendar of an object that is one already, or of the plain data that :meth:`record` gives."""
        if isinstance(value, cls):
            return value
        with within(name):
            if not isinstance(value, Mapping):
                raise wrong(name, f"{show(value)} is not a Calendar")
            refuse_unknown(value, dict.fromkeys(("name", "years", "holidays", "workdays")))
            for needed in ("name", "years"):
                if needed not in value:
                    raise wrong(needed, "the setting is missing")
            return cls(**value)

    def record(self) -> dict[str, Any]:
        """The calendar as plain data."""
        return {
            "name": self.name,
            "years": list(self.years),
            "holidays": [day.isoformat() for day in self.holidays],
            "workdays": [day.isoformat() for day in self.workdays],
        }

    def is_business_day(self, day: Day) -> bool:
        """Whether there is business on a day; an error with code ``calendar`` for a day of a year that is not listed.

        >>> Calendar("CN", years=[2017], workdays=["2017-04-01"]).is_business_day("2017-04-01")
        True
        """
        return Counted(self).is_business_day(read_date(day, "day"))

    def after(self, day: Day, count: int) -> date:
        """The day that is so many business days after a day; for none, the first business day from that day on.

        >>> days = Calendar("CN", years=[2017])
        >>> days.after("2017-04-29", 1), days.after("2017-04-29", 0)
        (datetime.date(2017, 5, 1), datetime.date(2017, 5, 1))
        """
        counts = np.array([read_count(count, "count", 9999)])
        found = Counted(self).after(read_date(day, "day"), counts)
        return date.fromordinal(date(1970, 1, 1).toordinal() + int(found[0]))

    def __repr__(self) -> str:
        years = ", ".join(map(str, self.years))
        return f"<Calendar {self.name!r}: {years}; {len(self.holidays)} holidays, {len(self.workdays)} workdays>"


class Counted:
    """A calendar made ready for counting; without one, Monday to Friday of every year."""

    __slots__ = ("_busdays", "_calendar")

    def __init__(self, calendar: Calendar | None) -> None:
        self._calendar = calendar
        self._busdays = np.busdaycalendar() if calendar is None else _busdays(calendar)

    def is_business_day(self, day: date) -> bool:
        """Whether there is business on a day of the calendar's years."""
        self._require(day, day)
        return bool(np.is_busday(np.datetime64(day, "D"), busdaycal=self._busdays))

    def after(self, day: date, counts: npt.NDArray[np.int64]) -> _Days:
        """Days since 1970 of the days so many business days later; for none, of the first business day from it on."""
        # Counting starts behind the day: from the last business day up to it, as if that were the day itself.
        back = np.busday_offset(np.datetime64(day, "D"), counts, roll="backward", busdaycal=self._busdays)
        here = np.busday_offset(np.datetime64(day, "D"), 0, roll="forward", busdaycal=self._busdays)
        found = np.where(counts == 0, here, back)
        if found.size:
            self._require(day, found.max().item())
        return found.astype(np.int64)

    def _require(self, first: date, last: date) -> None:
        """Refuses a stretch that leaves the years of the calendar."""
        if self._calendar is None:
            return
        for year in range(first.year, last.year + 1):
            if year not in self._calendar.years:
                listed = ", ".join(map(str, self._calendar.years))
                raise refuse(
                    "calendar",
                    argument=f"calendar {self._calendar.name!r}",
                    value=(first if year == first.year else last).isoformat(),
                    why=f"the holidays of {year} are not listed, only those of {listed}",
                )


def _busdays(calendar: Calendar) -> np.busdaycalendar:
    """The calendar as numpy counts it: worked weekends make every day of the week one that the list may close."""
    closed = set(calendar.holidays)
    for year in calendar.years:
        day = date(year, 1, 1)
        days = (day + _DAY * number for number in range((date(year, 12, 31) - day).days + 1))
        closed.update(day for day in days if day.weekday() >= _SATURDAY)
    closed.difference_update(calendar.workdays)
    return np.busdaycalendar(weekmask="1111111", holidays=np.array(sorted(closed), dtype="datetime64[D]"))


def _listed(values: Any, name: str) -> list[Any]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise wrong(name, f"{show(values)} is not a list", values)
    return list(values)


def _days(values: Any, name: str, years: set[int]) -> tuple[date, ...]:
    """The days, ascending, each once and within the years."""
    days = [read_date(value, name) for value in _listed(values, name)]
    for day in days:
        if day.year not in years:
            raise wrong(name, f"{day} is not in the years of the calendar")
        if days.count(day) > 1:
            raise wrong(name, f"{day} stands there twice")
    return tuple(sorted(days))


def wall_microseconds(day: date, at: time) -> int:
    """Microseconds from midnight of 1970-01-01 to a moment, both by the clock on the same wall."""
    return (datetime.combine(day, at) - _EPOCH) // _MICROSECOND


def instant_microseconds(day: date, at: time, zone: str) -> int:
    """Microseconds since 1970 (UTC) of a moment in a time zone; of two with one name, the earlier.

    A moment that the clocks skip counts by the offset from before they were put forward.
    """
    from zoneinfo import ZoneInfo

    moment = datetime.combine(day, at, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return (moment.replace(tzinfo=None) - _EPOCH) // _MICROSECOND
