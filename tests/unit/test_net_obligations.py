"""Net obligations: sums by party, payments that settle them, and what is refused."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fundclear as fc
from fundclear.settlement import net_obligations

# A net is a sum, so amounts leave it room below 18 digits.
_AMOUNTS = st.one_of(st.sampled_from([0, 1, 10**15, 10**16 - 1]), st.integers(0, 10**6))
_ROWS = st.lists(
    st.tuples(
        st.sampled_from("abcé"), st.sampled_from("abcé"), _AMOUNTS, st.integers(-2, 2), st.sampled_from(["", "x"])
    ),
    max_size=30,
)


def plain(rows: list[tuple[str, str, int, int, str]]) -> dict[tuple[int, str], Counter[str]]:
    """The nets by group and party, as a dictionary makes them."""
    groups = defaultdict[tuple[int, str], Counter[str]](Counter)
    for payer, payee, amount, number, text in rows:
        groups[number, text][payer] -= amount
        groups[number, text][payee] += amount
    return groups


@given(_ROWS, st.integers(0, 10))
def test_positions_are_plain_sums_and_the_legs_settle_them(
    rows: list[tuple[str, str, int, int, str]], seed: int
) -> None:
    columns = list(zip(*rows, strict=True)) or [(), (), (), (), ()]
    payer, payee, amount, number, text = columns
    money = fc.Fixed.from_minor(np.array(amount, dtype=np.int64), 2)
    by: dict[str, Any] = {"number": np.array(number, dtype=np.int64), "text": list(text)}
    if not rows:
        by["text"] = np.array([], dtype=np.str_)
        payer = payee = np.array([], dtype=np.str_)  # type: ignore[assignment]
    positions, legs = net_obligations(list(payer) if rows else payer, list(payee) if rows else payee, money, by=by)
    groups = plain(rows)
    wanted = [
        (group[0], group[1], party, groups[group][party])
        for group in sorted(groups, key=lambda group: (group[0], group[1].encode()))
        for party in sorted(groups[group], key=str.encode)
    ]
    assert list(zip(*(list(positions[name]) for name in ("number", "text", "party")), strict=True)) == [
        row[:3] for row in wanted
    ]
    assert positions["net"].minor.tolist() == [row[3] for row in wanted]
    counts = Counter[tuple[int, str]]()
    for at in range(len(legs)):
        row: dict[str, Any] = legs.row(at)
        group, minor = (row["number"], row["text"]), int(legs["amount"].minor[at])
        assert minor > 0
        groups[group][row["payer"]] += minor
        groups[group][row["payee"]] -= minor
        counts[group] += 1
    assert not any(net for group in groups.values() for net in group.values())
    for group, count in counts.items():
        assert count < sum(net != 0 for net in plain(rows)[group].values())

    random.Random(seed).shuffle(rows)
    if rows:
        payer, payee, amount, number, text = zip(*rows, strict=True)
        money = fc.Fixed.from_minor(np.array(amount, dtype=np.int64), 2)
        again = net_obligations(list(payer), list(payee), money, by={"number": list(number), "text": list(text)})
        assert again.legs["amount"].equals(legs["amount"])
        assert again.positions["net"].equals(positions["net"])


def test_parties_and_dates_come_back_as_they_went_in() -> None:
    dates = np.array(["2026-03-02", "2026-02-27", "2026-03-02"], dtype="datetime64[D]")
    positions, legs = net_obligations([7, -1, 7], [2**40, 7, 2**40], ["1.5", "0.25", 0], by={"value_date": dates})
    assert positions["party"].tolist() == [-1, 7, 7, 2**40]
    assert positions["value_date"].tolist() == sorted(dates.tolist())[:1] * 2 + dates.tolist()[:1] * 2
    assert positions["net"].to_strings() == ["-0.25", "0.25", "-1.50", "1.50"]
    assert legs["payer"].tolist() == [-1, 7]
    assert legs["payee"].tolist() == [7, 2**40]


@pytest.mark.parametrize("threads", [1, 3])
def test_many_parties(threads: int) -> None:
    draw = np.random.default_rng(5)
    payer, payee = draw.integers(0, 150_000, (2, 300_000))
    amount = draw.integers(0, 10**6, 300_000)
    positions, legs = net_obligations(payer, payee, fc.Fixed.from_minor(amount, 2), threads=threads)
    wanted = np.zeros(150_000, dtype=np.int64)
    np.subtract.at(wanted, payer, amount)
    np.add.at(wanted, payee, amount)
    named = np.unique(np.concatenate([payer, payee]))
    assert np.array_equal(positions["party"], named)
    assert np.array_equal(positions["net"].minor, wanted[named])
    assert len(legs) < int(np.count_nonzero(wanted))


@pytest.mark.parametrize(
    ("call", "code", "argument", "row"),
    [
        (lambda: net_obligations(["a", "b"], ["b", "a"], ["1.00", "-0.01"]), "negative-amount", "amount", 1),
        (lambda: net_obligations(["a"], ["b", "c"], ["1.00"]), "length", "payee", None),
        (lambda: net_obligations(["a"], [1], ["1.00"]), "identifier-kind", "party", None),
        (lambda: net_obligations([1], [2], ["1.00"], by={"party": [1]}), "argument", "by", None),
        (lambda: net_obligations([1], [2], ["1.00"], by={"day": [1, 2]}), "length", "day", None),
        (
            lambda: net_obligations([1, 1], [2, 2], fc.Fixed.from_minor(np.full(2, 10**18 - 1), 0)),
            "overflow",
            "net",
            None,
        ),
        (lambda: net_obligations([1], [2], [1.5]), "float", "amount", 0),  # type: ignore[list-item]
    ],
)
def test_what_is_refused(call: Any, code: str, argument: str, row: int | None) -> None:
    with pytest.raises(fc.FundclearError) as caught:
        call()
    assert (caught.value.code, caught.value.argument, caught.value.row) == (code, argument, row)
