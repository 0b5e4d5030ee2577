"""The terms of a clearing day: the funds, their calendars and who the parties are, checked as a whole."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date as Date
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias, final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel, termsfile
from fundclear.amounts import show
from fundclear.calendars import Calendar, Counted, Day, instant_microseconds, wall_microseconds
from fundclear.errors import refuse
from fundclear.funds import Fund, Gate, IncomePolicy, Swing
from fundclear.plainterms import Scales, plain_fund
from fundclear.schedules import FeeSchedule, Flat, HoldingSchedule, read_pairs
from fundclear.settings import RATE_PLACES, Id, id_order, minor, read_date, read_text, within, wrong

__all__ = [
    "Calendar",
    "DealingDates",
    "FeeSchedule",
    "Flat",
    "Fund",
    "Gate",
    "HoldingSchedule",
    "IncomePolicy",
    "Scales",
    "Swing",
    "Terms",
]

_Days: TypeAlias = npt.NDArray[np.int64]

_MOST_DIGITS: Final = 18
# What the digest is of; a change of the canonical form has to change it.
_FORM: Final = "fundclear terms 1"


class DealingDates(NamedTuple):
    """What a dealing day means to each fund: columns of days since 1970, in the order of the terms' funds."""

    next_dealing: npt.NDArray[np.int64]
    confirmation: npt.NDArray[np.int64]
    subscription: npt.NDArray[np.int64]
    redemption: npt.NDArray[np.int64]
    switch: npt.NDArray[np.int64]
    income: npt.NDArray[np.int64]


@final
class Terms:
    """The dealing policies of all funds of a day. Terms never change, and equal terms are equal.

    Args:
        funds: ascending or not; their ids are all integers or all texts.
        calendars: those that the funds name.
        clearing: the party that all cash goes through.
        distributors: by id, the party of a distributor; one that is not listed is ``distributor:`` and its id.

    Raises:
        InputError: terms that contradict themselves, with fund and setting (``terms``).

    >>> terms = Terms([Fund("000198", currency="CNY"), Fund("000009", currency="CNY", unit_scale=4)])
    >>> terms
    <Terms of 2 funds: '000009' to '000198'>
    >>> terms.ids, terms.scales
    (('000009', '000198'), Scales(cash=2, units=4, nav=4))
    >>> terms["000198"].currency, "000009" in terms
    ('CNY', True)
    >>> Terms.from_dict(terms.to_dict()) == terms
    True
    """

    # Derived values are kept in the instance's dict once they are asked for; they are no part of the terms.
    __slots__ = ("__dict__", "_calendars", "_clearing", "_distributors", "_funds", "_numbers", "_scales")

    _funds: tuple[Fund, ...]
    _calendars: tuple[Calendar, ...]
    _clearing: str
    _distributors: tuple[tuple[Id, str], ...]
    _numbers: dict[Id, int]
    _scales: Scales

    def __init__(
        self,
        funds: Iterable[Fund],
        *,
        calendars: Iterable[Calendar] = (),
        clearing: str = "clearing",
        distributors: Mapping[Any, str] | Iterable[tuple[Id, str]] | None = None,
    ) -> None:
        listed = tuple(sorted(_of(funds, Fund, "funds"), key=lambda fund: id_order(fund.id)))
        parties = read_pairs([] if distributors is None else distributors, "distributors")
        setting = object.__setattr__
        setting(self, "_funds", listed)
        setting(self, "_calendars", tuple(sorted(_of(calendars, Calendar, "calendars"), key=lambda each: each.name)))
        setting(self, "_clearing", read_text(clearing, "clearing"))
        setting(
            self, "_distributors", tuple((who, read_text(party, f"distributors: {who!r}")) for who, party in parties)
        )
        setting(self, "_numbers", {fund.id: number for number, fund in enumerate(listed)})
        _check(self)
        setting(self, "_scales", _table_scales(listed))
        # Every amount has to fit its table: better refused here than on the day.
        self.plain()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Terms never change: cannot set {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Terms never change: cannot delete {name!r}")

    # ---- in and out ----

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Terms:
        """The terms of a TOML file; an error names the file, the fund and the setting."""
        with within(os.fspath(path)):
            return cls.from_dict(termsfile.load(path))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Terms:
        """The terms of plain data, as :meth:`to_dict` gives it; an unknown key is refused.

        >>> Terms.from_dict({"funds": [{"id": 198, "currency": "CNY", "unit_rounding": "down"}]})[198]
        Fund(198, currency='CNY', unit_rounding='down')
        """
        given = termsfile.sections(data)
        funds = [_named(record, number) for number, record in enumerate(given.get("funds", ()))]
        calendars = [
            Calendar.of(record, f"calendars: {number}") for number, record in enumerate(given.get("calendars", ()))
        ]
        others = {name: given[name] for name in ("clearing", "distributors") if name in given}
        return cls(funds, calendars=calendars, **others)

    def to_dict(self) -> dict[str, Any]:
        """The terms as plain data of texts, whole numbers, lists and dicts; settings by default are left out."""
        record: dict[str, Any] = {"clearing": self._clearing}
        if self._distributors:
            record["distributors"] = dict(self._distributors)
        if self._calendars:
            record["calendars"] = [calendar.record() for calendar in self._calendars]
        record["funds"] = [fund.record() for fund in self._funds]
        return record

    def to_toml(self) -> str:
        """The terms as TOML text, which :meth:`from_toml` reads back as equal terms."""
        return termsfile.text(self.to_dict())

    # ---- what they are ----

    @property
    def funds(self) -> tuple[Fund, ...]:
        """The funds by rising id, integers by value, texts by their UTF-8 bytes. A fund's place is its number."""
        return self._funds

    @property
    def ids(self) -> tuple[Id, ...]:
        """The ids of the funds, ascending."""
        return tuple(self._numbers)

    @property
    def calendars(self) -> tuple[Calendar, ...]:
        """The calendars, by name."""
        return self._calendars

    @property
    def clearing(self) -> str:
        """The party that all cash goes through."""
        return self._clearing

    @property
    def distributors(self) -> dict[Id, str]:
        """The parties of the distributors that are listed."""
        return dict(self._distributors)

    @property
    def scales(self) -> Scales:
        """Decimal places of cash, units and prices in the tables, each the most that any fund has."""
        return self._scales

    @cached_property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of the funds, ascending; a currency's place is its number."""
        return tuple(sorted({fund.currency for fund in self._funds}, key=str.encode))

    @cached_property
    def discounts(self) -> tuple[tuple[int, Id, int], ...]:
        """The discounts of all fee schedules, as number of the fund, distributor, and factor in eight places."""
        return tuple(
            (number, who, minor(factor, RATE_PLACES, "discount"))
            for number, fund in enumerate(self._funds)
            if fund.subscription_fee is not None
            for who, factor in fund.subscription_fee.discounts
        )

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the terms in a canonical form, calendars and defaults included, in hexadecimal.

        >>> fund = Fund("000198", currency="CNY", minimum_subscription="1.00")
        >>> Terms([fund]).digest == Terms([fund.replace(minimum_subscription=1)]).digest
        True
        """
        import hashlib
        import json

        whole = [
            _FORM,
            self._clearing,
            list(self._distributors),
            [calendar.record() for calendar in self._calendars],
            [fund.record(complete=True) for fund in self._funds],
        ]
        canonical = json.dumps(_keyless(whole), ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def number(self, fund: Id) -> int | None:
        """The place of a fund among the funds, or nothing for one that is not there."""
        return self._numbers.get(fund) if isinstance(fund, (int, str, np.integer)) else None

    def party(self, distributor: Id) -> str:
        """The party that pays and receives for a distributor.

        >>> terms = Terms([Fund(1, currency="CNY")], distributors={"201": "bank"})
        >>> terms.party("201"), terms.party("202")
        ('bank', 'distributor:202')
        """
        return self._parties.get(distributor, f"distributor:{distributor}")

    def plain(self) -> list[dict[str, Any]]:
        """The funds as the native kernel computes with them: numbers and tuples at the tables' scales."""
        plain = []
        for fund in self._funds:
            with within(f"fund {fund.id!r}"):
                plain.append(plain_fund(fund, self._scales, self._numbers, self.currencies))
        return plain

    @cached_property
    def compiled(self) -> Any:
        """The terms in native memory, made when they are first asked for; not pickled."""
        return _kernel.compile_terms(self._scales, self.plain())

    # ---- days ----

    def dates(self, day: Day) -> DealingDates:
        """The next dealing day, the confirmation date and the value dates of a dealing day, for every fund.

        Orders are confirmed on the next dealing day. A value date is counted in business days of the settlement
        calendar after the dealing day; zero days is the day itself, or the first business day after it.

        Raises:
            InputError: the day is no dealing day of a fund (``terms``), or a calendar does not list the holidays of a
                year that is needed (``calendar``).

        >>> terms = Terms([Fund(1, currency="CNY", redemption_days=3)])
        >>> terms.dates("2017-04-27").redemption.astype("datetime64[D]")
        array(['2017-05-02'], dtype='datetime64[D]')
        """
        dealt = read_date(day, "date")
        following = np.empty(len(self._funds), np.int64)
        values = np.empty((4, len(self._funds)), np.int64)
        for (dealing, settling), numbers in self._groups:
            fund = self._funds[numbers[0]]
            with within(f"fund {fund.id!r}"):
                if not self._counted[dealing].is_business_day(dealt):
                    calendar = "Monday to Friday" if dealing is None else f"calendar {dealing!r}"
                    raise wrong("calendar", f"{dealt} is no dealing day of {calendar}")
                following[numbers] = self._counted[dealing].after(dealt, np.ones(1, np.int64))
                values[:, numbers] = self._counted[settling].after(dealt, self._waits[:, numbers])
        return DealingDates(following, following, *values)

    def cut_offs(self, day: Day, aware: bool) -> _Days:
        """The cut-off of a day for every fund, in microseconds since 1970; an order placed then or later is late.

        Args:
            day: the dealing day.
            aware: whether the times of orders are instants (UTC), instead of times by the fund's own clock.

        >>> terms = Terms([Fund(1, currency="CNY")])
        >>> terms.cut_offs("2017-04-27", aware=False).astype("datetime64[us]")
        array(['2017-04-27T15:00:00.000000'], dtype='datetime64[us]')
        >>> terms.cut_offs("2017-04-27", aware=True).astype("datetime64[us]")
        array(['2017-04-27T07:00:00.000000'], dtype='datetime64[us]')
        """
        dealt = read_date(day, "date")
        known: dict[Any, int] = {}
        for fund in self._funds:
            clock = fund.cut_off, fund.time_zone
            if clock not in known:
                known[clock] = instant_microseconds(dealt, *clock) if aware else wall_microseconds(dealt, clock[0])
        return np.array([known[fund.cut_off, fund.time_zone] for fund in self._funds], np.int64)

    def day_lists(self, day: Date, aware: bool) -> dict[str, list[int]]:
        """Cut-offs and dates of a day by fund, as the native side takes them.

        Those of the day that was asked for last are kept: a service clears many small books on one day.
        """
        key = day, aware
        known = self._latest.get(key)
        if known is None:
            known = {"cut_off": self.cut_offs(day, aware).tolist()}
            known |= {name: days.tolist() for name, days in self.dates(day)._asdict().items()}
            self._latest.clear()
            self._latest[key] = known
        return known

    @cached_property
    def _latest(self) -> dict[tuple[Date, bool], dict[str, list[int]]]:
        return {}

    @cached_property
    def _parties(self) -> dict[Id, str]:
        return dict(self._distributors)

    @cached_property
    def _counted(self) -> dict[str | None, Counted]:
        """The calendars made ready for counting."""
        return {None: Counted(None)} | {calendar.name: Counted(calendar) for calendar in self._calendars}

    @cached_property
    def _groups(self) -> list[tuple[tuple[str | None, str | None], npt.NDArray[np.intp]]]:
        """The funds by their two calendars."""
        groups: dict[tuple[str | None, str | None], list[int]] = {}
        for number, fund in enumerate(self._funds):
            groups.setdefault((fund.calendar, fund.settlement_calendar), []).append(number)
        return [(calendars, np.array(numbers, np.intp)) for calendars, numbers in groups.items()]

    @cached_property
    def _waits(self) -> _Days:
        """Business days until cash moves: subscription, redemption, switch, income."""
        waits = [
            (fund.subscription_days, fund.redemption_days, fund.switch_days, fund.income_days) for fund in self._funds
        ]
        return np.array(waits, np.int64).reshape(-1, 4).T

    # ---- as a collection, and as a value ----

    def __getitem__(self, fund: Id) -> Fund:
        number = self.number(fund)
        if number is None:
            raise KeyError(f"there is no fund {show(fund)} in the terms")
        return self._funds[number]

    def __contains__(self, fund: object) -> bool:
        if isinstance(fund, Fund):
            return fund in self._funds
        return isinstance(fund, (int, str, np.integer)) and fund in self._numbers

    def __iter__(self) -> Iterator[Fund]:
        return iter(self._funds)

    def __len__(self) -> int:
        return len(self._funds)

    def _value(self) -> tuple[Any, ...]:
        return self._funds, self._calendars, self._clearing, self._distributors

    def __eq__(self, other: object) -> bool:
        return self._value() == other._value() if isinstance(other, Terms) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value())

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, self._value()

    def __repr__(self) -> str:
        if not self._funds:
            return "<Terms of no fund>"
        first, last = self._funds[0].id, self._funds[-1].id
        return f"<Terms of {len(self)} fund{'s' * (len(self) > 1)}: {first!r} to {last!r}>"


def _again(
    funds: tuple[Fund, ...],
    calendars: tuple[Calendar, ...],
    clearing: str,
    distributors: tuple[tuple[Id, str], ...],
) -> Terms:
    """The terms that were pickled."""
    return Terms(funds, calendars=calendars, clearing=clearing, distributors=distributors)


def _of(values: Any, wanted: type[Any], name: str) -> list[Any]:
    """The values as a list, all of one class."""
    if isinstance(values, (wanted, str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise wrong(name, f"{show(values)} is not a list of {wanted.__name__}", values)
    listed = list(values)
    for number, value in enumerate(listed):
        if not isinstance(value, wanted):
            raise wrong(f"{name}: {number}", f"{show(value)} is not a {wanted.__name__}", value)
    return listed


def _named(record: Any, number: int) -> Fund:
    """The fund of plain data; an error names it by its id, or by its place if it has none."""
    known = isinstance(record, Mapping) and "id" in record
    return Fund.of(record, f"fund {show(record['id'])}" if known else f"funds: {number}")


def _keyless(value: Any) -> Any:
    """Dicts as sorted lists of pairs: JSON would make texts of integer keys."""
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=lambda pair: id_order(pair[0]))
        return [[key, _keyless(inner)] for key, inner in pairs]
    return [_keyless(inner) for inner in value] if isinstance(value, list) else value


# ---- checks of the whole ----


def _check(terms: Terms) -> None:
    """Refuses terms that contradict each other."""
    if not terms.funds:
        raise wrong("funds", "there is none")
    _check_ids(terms)
    names = [calendar.name for calendar in terms.calendars]
    for name, times in Counter(names).items():
        if times > 1:
            raise wrong(f"calendar {name!r}", f"{times} calendars have the name")
    distributors = set(terms.distributors.values())
    if terms.clearing in distributors:
        raise wrong("distributors", f"{terms.clearing!r} is the clearing party, which cannot pay itself")
    for fund in terms.funds:
        with within(f"fund {fund.id!r}"):
            for setting in ("calendar", "settlement_calendar"):
                if (calendar := getattr(fund, setting)) is not None and calendar not in names:
                    raise wrong(setting, f"there is no calendar {calendar!r} among the calendars")
            _check_portfolio(terms, fund)
            _check_parties(fund, terms.clearing, distributors)


def _check_ids(terms: Terms) -> None:
    """Each fund once; ids of one kind, and so those of distributors."""
    ids = [fund.id for fund in terms.funds]
    for one, other in pairwise(ids):
        if one == other:
            raise wrong(f"fund {one!r}", "the fund stands there twice")
    _refuse_kinds(ids, "funds")
    distributors = [who for _, who, _ in terms.discounts]
    _refuse_kinds([*distributors, *terms.distributors], "distributors")


def _refuse_kinds(ids: list[Id], name: str) -> None:
    """Refuses integers among texts: 198 and "000198" would look like one to a reader, and are two."""
    texts = [identifier for identifier in ids if isinstance(identifier, str)]
    numbers = [identifier for identifier in ids if isinstance(identifier, int)]
    if texts and numbers:
        raise refuse("identifier-kind", argument=name, value=f"{numbers[0]!r} beside {texts[0]!r}")


def _check_portfolio(terms: Terms, fund: Fund) -> None:
    """A class hangs on a head, which is no class itself, and is of its currency and its unit scale."""
    if fund.parent is None:
        return
    number = terms.number(fund.parent)
    if number is None:
        raise wrong("parent", f"there is no fund {fund.parent!r} in the terms")
    head = terms.funds[number]
    if head.parent is not None:
        raise wrong("parent", f"{head.id!r} is a class of {head.parent!r} itself and heads no portfolio")
    for setting in ("currency", "unit_scale"):
        if (own := getattr(fund, setting)) != (heads := getattr(head, setting)):
            raise wrong(setting, f"{own!r} is not {heads!r}, that of {head.id!r}, which heads the portfolio")


def _check_parties(fund: Fund, clearing: str, distributors: set[str]) -> None:
    """Nobody pays himself, and what a custody account receives is the fund's."""
    for setting in ("custody", "manager"):
        if getattr(fund, setting) == clearing:
            raise wrong(setting, f"{clearing!r} is the clearing party, which cannot pay itself")
    if fund.custody == fund.manager or fund.custody in distributors:
        raise wrong("custody", f"{fund.custody!r} is the manager or a distributor too")


def _table_scales(funds: tuple[Fund, ...]) -> Scales:
    """The scales of the tables; they have to leave room for the exact value of units at a price."""
    cash_scale = max(fund.cash_scale for fund in funds)
    unit_scale = max(fund.unit_scale for fund in funds)
    nav_scale = max(fund.nav_scale for fund in funds)
    value_scale = unit_scale + nav_scale
    if value_scale > _MOST_DIGITS:
        raise wrong(
            _widest(funds, "unit_scale", unit_scale),
            f"with nav_scale {nav_scale} of {_widest(funds, 'nav_scale', nav_scale)} the value of units has "
            f"{value_scale} decimal places, at most {_MOST_DIGITS}",
        )
    if cash_scale > value_scale:
        why = f"{cash_scale} is more than the {value_scale} decimal places of the value of units"
        raise wrong(_widest(funds, "cash_scale", cash_scale), why)
    scales: dict[str, Fund] = {}
    for fund in funds:
        # What a switch moves between two funds has to be an amount of both.
        other = scales.setdefault(fund.currency, fund)
        if fund.cash_scale != other.cash_scale:
            why = f"{fund.cash_scale} is not {other.cash_scale}, that of {other.id!r} in the same currency"
            raise wrong(f"fund {fund.id!r}: cash_scale", why)
        if fund.income is not None and unit_scale < cash_scale:
            why = f"a cent at scale {cash_scale}, which another fund has, is no unit at scale {unit_scale}"
            raise wrong(f"fund {fund.id!r}: income", why)
    return Scales(cash_scale, unit_scale, nav_scale)


def _widest(funds: tuple[Fund, ...], setting: str, scale: int) -> str:
    """The first fund with the largest scale, by name."""
    widest = next(fund for fund in funds if getattr(fund, setting) == scale)
    return f"fund {widest.id!r}: {setting}"
