"""Dealing days that are made up: orders, register, lots, terms and prices of any size, the same for the same seed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import date as Date
from typing import Any, Final

import numpy as np

from fundclear import _kernel
from fundclear.digests import NO_ROWS
from fundclear.errors import refuse
from fundclear.fixed import Fixed
from fundclear.folder import appearing, check_free, manifest_text, write_text
from fundclear.funds import Fund, Gate, IncomePolicy, Swing
from fundclear.profiles import DATE, PROFILES
from fundclear.proof import Proof
from fundclear.schedules import FeeSchedule, Flat, HoldingSchedule
from fundclear.settings import Amount, Rate, read_count, read_date
from fundclear.terms import Terms

__all__ = ["generate"]

#: What the day before left of the register, by the name of its fingerprint in a proof.
_LEFT: Final = {"out.register": "positions", "out.lots": "lots"}
_LEFT_EMPTY: Final = ("out.deferred", "out.obligations")

# The native side numbers the transfer agent's funds so: a gated one, a swung one, money-market funds, all others, of
# which those that stand together in one of six turns are two classes of a portfolio.
_MONEY: Final = range(2, 20)
_FUNDS: Final = 500
_TURNS: Final = 6

_DISTRIBUTORS: Final = {"yuebao": 8, "transfer-agent": 40}

#: Income of a day per unit: 1.0731 per 10,000.
_INCOME: Final = "0.00010731"

_MOST_ORDERS: Final = 10**10
_MOST_ACCOUNTS: Final = 2 * 10**9
_MOST_DIGITS: Final = 18
_FRIDAY: Final = 4


def generate(
    folder: str | os.PathLike[str],
    *,
    profile: str,
    orders: int,
    accounts: int,
    seed: int = 0,
    date: str | Date = DATE,
    order_ids: str = "sequential",
    account_digits: int | None = None,
    threads: int | None = None,
) -> dict[str, int]:
    """Writes a made-up dealing day into a folder, which appears as a whole or not at all.

    The same arguments give the same bytes, for any number of threads.

    Args:
        folder: what does not exist yet, or is empty.
        profile: ``yuebao`` or ``transfer-agent``.
        orders: how many orders.
        accounts: how many accounts.
        seed: what all random numbers start from.
        date: the dealing day, from Monday to Friday.
        order_ids: ``sequential`` or ``random``.
        account_digits: accounts are texts of so many digits; integers without it.
        threads: how many threads may work.

    Returns:
        The rows of each table.

    Raises:
        InputError: an argument is none of those possible (``argument``, ``terms``, ``threads``); the folder exists and
            is not empty (``folder-exists``).
        OSError: the system refused to write; nothing is left behind.
    """
    if profile not in PROFILES:
        raise refuse("argument", argument="profile", value=repr(profile), why=f"there are {', '.join(PROFILES)}")
    if order_ids not in ("sequential", "random"):
        raise refuse("argument", argument="order_ids", value=repr(order_ids), why="there are sequential, random")
    day = read_date(date, "date")
    if day.weekday() > _FRIDAY:
        raise refuse("argument", argument="date", value=str(day), why="it is no weekday")
    asked = {
        "profile": profile,
        "orders": read_count(orders, "orders", _MOST_ORDERS),
        "accounts": read_count(accounts, "accounts", _MOST_ACCOUNTS),
        "seed": read_count(seed, "seed", 2**63 - 1),
        "date": day.isoformat(),
        "order_ids": order_ids,
        "account_digits": None if account_digits is None else read_count(account_digits, "digits", _MOST_DIGITS),
    }
    if not accounts:
        raise refuse("argument", argument="accounts", value="0", why="nobody could order")
    if account_digits is not None and len(str(accounts)) > account_digits:
        raise refuse("argument", argument="account_digits", value=str(account_digits), why=f"{accounts} has more")
    check_free(folder)
    terms = _terms(profile)
    plan = {
        **{name: asked[name] for name in ("profile", "orders", "accounts", "seed", "account_digits")},
        "day": int(np.datetime64(day, "D").astype(np.int64)),
        "shuffled_ids": order_ids == "random",
        "funds": [str(fund.id) for fund in terms.funds],
        "distributors": [str(who) for who in terms.distributors],
    }
    with appearing(folder) as aside:
        made = _kernel.generate_day(str(aside), plan, threads)
        rows = dict(made["rows"])
        write_text(aside / "terms.toml", terms.to_toml())
        write_text(aside / "prices.toml", "\n".join(_prices(terms, day, made["outstanding"])) + "\n")
        write_text(aside / "proof.json", manifest_text(_proof(day, made).to_dict()))
        write_text(aside / "generate.json", manifest_text({"asked": asked, "rows": rows}))
    return rows


def _proof(day: Date, made: Mapping[str, Any]) -> Proof:
    """What the proof of the business day before says of what it left."""
    before = np.datetime_as_string(np.busday_offset(np.datetime64(day, "D"), -1))
    digests = {name: format(made[key], "032x") for name, key in _LEFT.items()}
    return Proof(str(before), (), digests=digests | dict.fromkeys(_LEFT_EMPTY, NO_ROWS))


def _prices(terms: Terms, day: Date, outstanding: list[int]) -> Iterable[str]:
    """The file of the day's prices, and of the income of funds that somebody holds."""
    held = Fixed.from_minor(np.array(outstanding, dtype=np.int64), 2)
    paid = held.mul(_INCOME, scale=2, rounding="down").to_strings()
    yield f"date = {day.isoformat()}"
    yield "\n[prices]"
    for number, fund in enumerate(terms.funds):
        price = "1.0000" if fund.income is not None else f"1.{number * 37 % 10_000:04}"
        yield f'"{fund.id}" = "{price}"'
    yield "\n[income]"
    for fund, cash in zip(terms.funds, paid, strict=True):
        if fund.income is not None and cash != "0.00":
            yield f'"{fund.id}" = "{cash}"'


# ---- terms ----


def _terms(profile: str) -> Terms:
    distributors = [f"{201 + number}" for number in range(_DISTRIBUTORS[profile])]
    named = {who: f"distributor {who}" for who in distributors}
    if profile == "yuebao":
        return Terms([_money_fund("000198")], distributors=named)
    discounts = dict(zip(distributors, ("0.1", "0.4", "0.6"), strict=False))
    return Terms([_fund(number, discounts) for number in range(_FUNDS)], distributors=named)


def _money_fund(name: str) -> Fund:
    return Fund(name, currency="CNY", income=IncomePolicy(pay="reinvest"))


def _fund(number: int, discounts: Mapping[str, str]) -> Fund:
    name = _name(number)
    if number in _MONEY:
        return _money_fund(name)
    turn, place = (number - _MONEY.stop) // _TURNS, (number - _MONEY.stop) % _TURNS
    # Of two classes the second has no front-end fee, and a shorter holding period.
    is_second = number >= _MONEY.stop and turn % 2 == 1
    bought: list[tuple[Amount, Rate | Flat]] = [("0", "1.5%"), ("1000000", "1.2%"), ("5000000", Flat("1000.00"))]
    kept = HoldingSchedule([(0, "1.5%"), (7, "0.75%"), (30, "0.5%", "75%"), (180, "0.25%", "25%"), (730, 0)])
    return Fund(
        name,
        parent=_name(number - _TURNS) if is_second else None,
        currency="CNY",
        subscription_fee=None if is_second else FeeSchedule(bought, discounts=discounts),
        redemption_fee=HoldingSchedule([(0, "1.5%"), (7, "0.5%"), (30, 0)]) if is_second else kept,
        subscription_manager_share="20%" if place % 2 else "0%",
        minimum_subscription="10.00",
        gate=Gate(threshold="10%", default="limit") if number == 0 else None,
        swing=_swing() if number == 1 else None,
        redemption_days=3,
    )


def _swing() -> Swing:
    return Swing(threshold_up="1%", threshold_down="1%", factor_up="0.3%", factor_down="0.5%", cap="2%")


def _name(number: int) -> str:
    return f"{number + 1:06}"
