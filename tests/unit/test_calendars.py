"""Dealing days, value dates and cut-offs: the days written out by hand, and nothing guessed beyond the list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import fundclear as fc
from fundclear.terms import DealingDates

# The Labour Day holiday of 2017: Saturday to Monday; the day before the Qingming holiday was a worked Saturday.
CHINA = fc.Calendar(
    "CN",
    years=[2017],
    holidays=["2017-04-02", "2017-04-03", "2017-04-04", "2017-04-29", "2017-04-30", "2017-05-01"],
    workdays=["2017-04-01"],
)
SSE = fc.Calendar("SSE", years=[2017], holidays=CHINA.holidays)


def fund(id: Any = 1, **settings: Any) -> fc.Fund:
    return fc.Fund(id, **{"currency": "CNY", **settings})


def days(dates: DealingDates) -> dict[str, list[str]]:
    return {name: column.astype("datetime64[D]").astype(str).tolist() for name, column in dates._asdict().items()}


def test_a_calendar_keeps_its_days_in_order_and_equal_ones_are_equal() -> None:
    other = fc.Calendar("SSE", years=np.array([2017]), holidays=[date(2017, 5, 1), np.datetime64("2017-04-30")])
    assert other.holidays == (date(2017, 4, 30), date(2017, 5, 1))
    assert other == fc.Calendar("SSE", years=(2017, 2017), holidays=["2017-04-30", "2017-05-01"])
    assert hash(other) != hash(SSE)
    assert repr(CHINA) == "<Calendar 'CN': 2017; 6 holidays, 1 workdays>"


@pytest.mark.parametrize(
    ("day", "open_here", "open_there"),
    [
        ("2017-03-31", True, True),
        ("2017-04-01", True, False),
        ("2017-04-04", False, False),
        ("2017-04-28", True, True),
        ("2017-04-29", False, False),
        ("2017-05-01", False, False),
        ("2017-05-02", True, True),
    ],
)
def test_business_days_are_weekdays_without_holidays_and_worked_weekends(
    day: str, open_here: bool, open_there: bool
) -> None:
    assert (CHINA.is_business_day(day), SSE.is_business_day(day)) == (open_here, open_there)


def test_every_day_of_a_year_agrees_with_a_walk() -> None:
    day, walked = date(2017, 1, 1), []
    while day.year == 2017:
        opened = day in CHINA.workdays or (day.weekday() < 5 and day not in CHINA.holidays)
        assert CHINA.is_business_day(day) is opened
        if opened:
            walked.append(day)
        day += timedelta(days=1)
    for one, other in pairwise(walked):
        assert CHINA.after(one, 1) == CHINA.after(other, 0) == CHINA.after(other - timedelta(days=1), 1) == other
    assert CHINA.after(walked[0], len(walked) - 1) == walked[-1]


def test_the_days_of_the_order_file_that_opens_a_holiday() -> None:
    settings = {"calendar": "SSE", "settlement_calendar": "SSE"}
    terms = fc.Terms(
        [
            fund(1, **settings),
            fund(2, **settings, subscription_days=0, redemption_days=4, switch_days=2, income_days=3),
            fund(3),
        ],
        calendars=[SSE],
    )
    assert days(terms.dates("2017-04-27")) == {
        "next_dealing": ["2017-04-28", "2017-04-28", "2017-04-28"],
        "confirmation": ["2017-04-28", "2017-04-28", "2017-04-28"],
        "subscription": ["2017-04-28", "2017-04-27", "2017-04-28"],
        "redemption": ["2017-04-28", "2017-05-04", "2017-04-28"],
        "switch": ["2017-04-28", "2017-05-02", "2017-04-28"],
        "income": ["2017-04-28", "2017-05-03", "2017-04-28"],
    }
    assert days(terms.dates(date(2017, 4, 28)))["next_dealing"] == ["2017-05-02", "2017-05-02", "2017-05-01"]
    assert terms.dates(np.datetime64("2017-04-28")).next_dealing.dtype == np.int64


def test_dealing_and_settlement_may_go_by_different_calendars() -> None:
    closed = fc.Calendar("bank", years=[2017], holidays=["2017-04-27", "2017-04-28"])
    terms = fc.Terms(
        [fund(calendar="SSE", settlement_calendar="bank", subscription_days=0, redemption_days=1, switch_days=2)],
        calendars=[SSE, closed],
    )
    found = days(terms.dates("2017-04-27"))
    assert found["next_dealing"] == ["2017-04-28"]
    assert [found[name] for name in ("subscription", "redemption", "switch")] == [
        ["2017-05-01"],
        ["2017-05-01"],
        ["2017-05-02"],
    ]


@pytest.mark.parametrize("day", ["2017-04-29", "2017-05-01", "2017-04-04"])
def test_a_day_without_dealing_is_refused(day: str) -> None:
    terms = fc.Terms([fund(7, calendar="SSE")], calendars=[SSE])
    with pytest.raises(fc.InputError, match=f"fund 7: calendar: {day} is no dealing day of calendar 'SSE'") as raised:
        terms.dates(day)
    assert raised.value.code == "terms"


def test_without_a_calendar_weekdays_are_dealing_days() -> None:
    terms = fc.Terms([fund()])
    assert days(terms.dates("2017-05-01"))["next_dealing"] == ["2017-05-02"]
    with pytest.raises(fc.InputError, match="is no dealing day of Monday to Friday"):
        terms.dates("2017-04-29")


@pytest.mark.parametrize(
    ("day", "settings", "year"),
    [
        ("2016-12-30", {"calendar": "SSE"}, 2016),
        ("2018-01-02", {"calendar": "SSE"}, 2018),
        ("2017-12-29", {"calendar": "SSE"}, 2018),
        ("2017-12-28", {"settlement_calendar": "SSE", "redemption_days": 2}, 2018),
        ("2016-12-30", {"settlement_calendar": "SSE"}, 2016),
    ],
)
def test_a_year_beyond_the_list_is_refused(day: str, settings: dict[str, Any], year: int) -> None:
    terms = fc.Terms([fund(**settings)], calendars=[SSE])
    with pytest.raises(fc.InputError, match=f"fund 1: calendar 'SSE': .* the holidays of {year} are not") as raised:
        terms.dates(day)
    assert raised.value.code == "calendar"


def test_a_gap_between_listed_years_is_not_stepped_over() -> None:
    gap = fc.Calendar("gap", years=[2016, 2018])
    with pytest.raises(fc.InputError, match="the holidays of 2017 are not listed, only those of 2016, 2018"):
        gap.after("2016-12-30", 400)
    assert fc.Calendar("two", years=[2016, 2017]).after("2016-12-30", 1) == date(2017, 1, 2)


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"name": ""}, "calendar '': name"),
        ({"years": []}, "calendar 'x': years"),
        ({"years": [0]}, "calendar 'x': years"),
        ({"years": "2017"}, "calendar 'x': years"),
        ({"years": [2017.0]}, "calendar 'x': years"),
        ({"holidays": ["2018-01-01"]}, "calendar 'x': holidays"),
        ({"holidays": ["2017-01-01", date(2017, 1, 1)]}, "calendar 'x': holidays"),
        ({"holidays": ["20170101"]}, "calendar 'x': holidays"),
        ({"holidays": ["2017-02-29"]}, "calendar 'x': holidays"),
        ({"holidays": [datetime(2017, 1, 2)]}, "calendar 'x': holidays"),
        ({"holidays": [np.datetime64("NaT")]}, "calendar 'x': holidays"),
        ({"holidays": [np.datetime64("2017-01-01T12:00")]}, "calendar 'x': holidays"),
        ({"workdays": ["2017-04-03"]}, "calendar 'x': workdays"),
        ({"workdays": ["2017-04-01"], "holidays": ["2017-04-01"]}, "calendar 'x': workdays"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(settings: dict[str, Any], place: str) -> None:
    with pytest.raises(fc.InputError) as raised:
        fc.Calendar(**{"name": "x", "years": [2017], **settings})
    assert (raised.value.code, raised.value.argument) == ("terms", place)


def moments(terms: fc.Terms, day: str, aware: bool) -> list[str]:
    found = terms.cut_offs(day, aware=aware)
    assert found.dtype == np.int64
    return found.astype("datetime64[us]").astype(str).tolist()


def test_an_order_at_the_cut_off_is_late() -> None:
    """The cut-off is the first late microsecond, so that 15:00:00 exactly is late."""
    (cut_off,) = fc.Terms([fund()]).cut_offs("2017-04-27", aware=False)
    placed = np.array(["2017-04-27T14:59:59.999999", "2017-04-27T15:00:00"], "datetime64[us]").astype(np.int64)
    assert (placed >= cut_off).tolist() == [False, True]


def test_cut_offs_are_on_the_funds_own_clock_or_instants() -> None:
    terms = fc.Terms([fund(1), fund(2, cut_off="13:30:00.5", time_zone="Europe/Berlin"), fund(3, time_zone="UTC")])
    assert moments(terms, "2017-04-27", False) == [
        "2017-04-27T15:00:00.000000",
        "2017-04-27T13:30:00.500000",
        "2017-04-27T15:00:00.000000",
    ]
    assert moments(terms, "2017-04-27", True) == [
        "2017-04-27T07:00:00.000000",
        "2017-04-27T11:30:00.500000",
        "2017-04-27T15:00:00.000000",
    ]


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        ("2017-03-24", "2017-03-24T15:00:00.000000"),
        ("2017-03-27", "2017-03-27T14:00:00.000000"),
        ("2017-10-27", "2017-10-27T14:00:00.000000"),
        ("2017-10-30", "2017-10-30T15:00:00.000000"),
    ],
)
def test_summer_time_moves_the_instant_and_not_the_clock(day: str, instant: str) -> None:
    terms = fc.Terms([fund(cut_off="16:00", time_zone="Europe/Paris")])
    assert moments(terms, day, True) == [instant]
    assert moments(terms, day, False) == [f"{day}T16:00:00.000000"]


def test_a_moment_that_is_there_twice_or_never_has_one_instant() -> None:
    terms = fc.Terms([fund(cut_off="02:30", time_zone="Europe/Paris")])
    assert moments(terms, "2017-10-29", True) == ["2017-10-29T00:30:00.000000"]  # the earlier of two
    assert moments(terms, "2017-03-26", True) == ["2017-03-26T01:30:00.000000"]  # by the offset of winter


def test_instants_before_1970_are_exact() -> None:
    (cut_off,) = fc.Terms([fund(time_zone="UTC")]).cut_offs("1969-12-31", aware=True)
    assert cut_off == -9 * 3600 * 10**6
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(cut_off)) == datetime(
        1969, 12, 31, 15, tzinfo=UTC
    )
