"""Dates and instants: every way in gives the same numbers, and a time zone is kept by being made UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import fundclear as fc
from fundclear.moments import read_dates, read_instants
from fundclear.table import Table

DAY = [date(2017, 4, 27), date(1969, 12, 31)]
NAIVE = [datetime(2017, 4, 27, 14, 59, 59, 999_999), datetime(1969, 12, 31, 23)]
CHINA = timezone(timedelta(hours=8))
AWARE = [datetime(2017, 4, 27, 14, 59, tzinfo=CHINA), datetime(2017, 4, 27, 8, tzinfo=UTC)]

DATES: list[Any] = [
    DAY,
    [day.isoformat() for day in DAY],
    np.array(DAY, dtype="M8[D]"),
    np.array(DAY, dtype="M8[ns]"),
    pa.array(DAY, pa.date32()),
    pa.array(DAY, pa.date64()),
    pa.array(DAY).cast(pa.timestamp("ns")),
    pa.array([day.isoformat() for day in DAY], pa.string_view()),
    pd.Series(pd.to_datetime([day.isoformat() for day in DAY])),
]


@pytest.mark.parametrize("values", DATES)
def test_dates(values: Any) -> None:
    read = read_dates(values, "day")
    assert read.dtype == np.dtype("M8[D]")
    assert read.tolist() == DAY


INSTANTS: list[Any] = [
    NAIVE,
    [at.isoformat() for at in NAIVE],
    np.array(NAIVE, dtype="M8[us]"),
    np.array(NAIVE, dtype="M8[ns]"),
    np.array([at.isoformat() for at in NAIVE]),
    pa.array(NAIVE, pa.timestamp("us")),
    pa.array(NAIVE, pa.timestamp("ns")),
    pa.array([at.isoformat() for at in NAIVE]).dictionary_encode(),
    pd.Series(NAIVE),
]


@pytest.mark.parametrize("values", INSTANTS)
def test_instants_of_no_time_zone(values: Any) -> None:
    read, is_utc = read_instants(values, "at")
    assert (read.dtype, read.tolist(), is_utc) == (np.dtype("M8[us]"), NAIVE, False)


@pytest.mark.parametrize(
    "values", [AWARE, [at.isoformat() for at in AWARE], pa.array(AWARE, pa.timestamp("s", "Asia/Shanghai"))]
)
def test_instants_with_a_time_zone_become_utc(values: Any) -> None:
    read, is_utc = read_instants(values, "at")
    assert (read.tolist(), is_utc) == ([datetime(2017, 4, 27, 6, 59), datetime(2017, 4, 27, 8)], True)


REFUSED: list[tuple[str, Any, str, int | None]] = [
    ("date", ["2017-04-27", "2017-04-31"], "date", 1),
    ("date", ["2017-04-27T10:00"], "date", 0),
    ("date", [datetime(2017, 4, 27)], "date", 0),
    ("date", [20170427], "date", 0),
    ("date", np.array(["2017-04-27T10"], dtype="M8[h]"), "date", 0),
    ("date", np.array([20170427]), "dtype", None),
    ("date", pa.array([datetime(2017, 4, 27, 10)]), "date", 0),
    ("date", pa.array(AWARE, pa.timestamp("us", "UTC")), "dtype", None),
    ("date", pa.array([date(2017, 4, 27), None]), "null", 1),
    ("date", [date(2017, 4, 27), None], "null", 1),
    ("date", pa.array([1.5]), "dtype", None),
    ("instant", ["2017-04-27"], "date", 0),
    ("instant", ["2017-04-27T10:00:00.1234567"], "date", 0),
    ("instant", [date(2017, 4, 27)], "date", 0),
    ("instant", np.array(["2017-04-27"], dtype="M8[D]"), "dtype", None),
    ("instant", np.array([1], dtype="M8[ns]"), "date", 0),
    ("instant", pa.array([0, 1], pa.timestamp("ns")), "date", 1),
    ("instant", pa.array([0, 2**62], pa.timestamp("s")), "date", 1),
    ("instant", pa.array([date(2017, 4, 27)]), "dtype", None),
    ("instant", [AWARE[0], NAIVE[0]], "time-zone", 1),
    ("instant", ["2017-04-27T10:00:00", "2017-04-27T10:00:00Z"], "time-zone", 1),
    ("instant", [None], "null", 0),
    ("instant", [pd.NaT], "null", 0),
    ("instant", 7, "date", None),
]


@pytest.mark.parametrize(("kind", "values", "code", "row"), REFUSED)
def test_what_is_none_is_refused(kind: str, values: Any, code: str, row: int | None) -> None:
    read: Any = read_dates if kind == "date" else read_instants
    with pytest.raises(fc.FundclearError) as failure:
        read(values, "at")
    assert (failure.value.code, failure.value.argument, failure.value.row) == (code, "at", row)


@pytest.mark.parametrize("values", [[None, NAIVE[0]], ["", NAIVE[0].isoformat()], pa.array([None, NAIVE[0]])])
def test_what_may_be_missing_is_not_a_time(values: Any) -> None:
    read, _ = read_instants(values, "at", may_miss=True)
    assert read.tolist() == [None, NAIVE[0]]


def test_in_a_table() -> None:
    table = Table({"day": DAY, "at": AWARE, "on": np.array([NAIVE[0], "NaT"], dtype="M8[ms]")})
    assert table.schema == {"day": "date", "at": "instant UTC", "on": "instant"}
    assert table.row(0) == {"day": DAY[0], "at": AWARE[0], "on": NAIVE[0].replace(microsecond=999_000)}
    assert table.row(1)["on"] is None
    assert repr(table).splitlines()[1].split() == [
        "2017-04-27",
        "2017-04-27T06:59:00.000000Z",
        "2017-04-27T14:59:59.999000",
    ]
    theirs = table.to_arrow()
    theirs.validate(full=True)
    assert theirs.schema.types == [pa.date32(), pa.timestamp("us", "UTC"), pa.timestamp("us")]
    assert theirs.to_pylist() == list(table.rows())
