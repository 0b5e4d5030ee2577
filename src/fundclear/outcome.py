"""From the native side's keys and codes back to tables: what a day gives, as its callers wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.columns import Labels, coded, dictionary_of
from fundclear.digests import NO_ROWS, fingerprint, fingerprint_in, register_fingerprint
from fundclear.errors import refuse
from fundclear.fixed import _make
from fundclear.identifiers import Identifiers
from fundclear.intake import Given, Intake
from fundclear.proof import Cut, LawEntry, Proof, entries_of, exact
from fundclear.reasons import STATUSES, reason_names
from fundclear.tables import (
    Confirmations,
    Events,
    Flows,
    Income,
    Lots,
    Obligations,
    Payments,
    Positions,
    Postings,
    Settlement,
    Table,
)
from fundclear.terms import Terms

__all__ = [
    "FLOW_KINDS",
    "Made",
    "Names",
    "came_in",
    "digest_of_days",
    "inputs_of",
    "left_over",
    "make_tables",
    "names_of",
    "open_rows",
    "party_numbers",
    "proof_of",
    "tables_by_account",
    "tables_of_the_day",
    "ties_of",
]

_Raw: TypeAlias = dict[str, npt.NDArray[Any]]

# Names by the kernel's codes, for columns of texts.
_ORIGINS: Final = _kernel.names["origins"]
_CHARGES: Final = _kernel.names["charges"]
_GATES: Final = _kernel.names["gates"]
_OWN: Final = _kernel.names["own_charges"]
_OPTIONS: Final = _kernel.names["options"]
FLOW_KINDS: Final = _kernel.names["flow_kinds"]
_PURPOSES: Final = _kernel.names["purposes"]
_LEDGERS: Final = _kernel.names["ledgers"]
_STEPS: Final = _kernel.names["steps"]
_ACCOUNTS: Final = _kernel.names["accounts"]

_RATE_SCALE: Final = 8

# What positions count in cash; all else of them is units.
_CASH_OF_POSITIONS: Final = ("unpaid", "income", "income_cash")

# What a day takes over from the day before: the law that says so, and the digest of what that day left.
TIED: Final = {
    "positions": ("U5", "register"),
    "lots": ("U5", "lots"),
    "deferred": ("O4", "deferred"),
    "obligations": ("S4", "obligations"),
}


@dataclass(frozen=True, slots=True)
class Made:
    """The tables of a day by their name, and its proof."""

    tables: dict[str, Any]
    proof: Proof


@dataclass(frozen=True, slots=True)
class Names:
    """What keys and numbers stand for."""

    intake: Intake
    terms: Terms
    parties: tuple[str, ...]
    netting_sets: tuple[str, ...]
    through: tuple[str, ...]
    funds: tuple[Any, ...]
    fund_texts: Labels | None
    distributor_keys: npt.NDArray[np.int64]

    @classmethod
    def of(
        cls, intake: Intake, terms: Terms, funds: npt.NDArray[np.int64], distributors: npt.NDArray[np.int64]
    ) -> Names:
        """Names for tables in which there are no parties."""
        named = tuple(each_of(intake.funds.restore(funds)))
        return cls(intake, terms, (), (), (), named, _fund_texts(intake, named), distributors)

    def fund_column(self, numbers: npt.NDArray[Any]) -> Identifiers:
        """Funds by number. The number after all funds is none: an empty text, or zero."""
        if self.fund_texts is not None:
            return coded(numbers, self.fund_texts)
        return _kernel.keys_at(np.array([*self.funds, 0], dtype=np.int64), numbers, None)

    def distributor_column(self, numbers: npt.NDArray[Any]) -> Identifiers:
        """Distributors by number."""
        return self.intake.distributors.restore(_kernel.keys_at(self.distributor_keys, numbers, None))

    def cut_key(self, what: str, key: int | None) -> str:
        """The account or order at which a split was cut."""
        if key is None:
            return ""
        return (self.intake.accounts if what == "income" else self.intake.order_ids).text(key)


def _scope_text(
    currencies: Sequence[str], netting_sets: Sequence[str], funds: Sequence[Any], scope: tuple[Any, ...]
) -> str:
    """What a law was checked for, in words: a kind of scope, and what it is numbered by."""
    kind, number, *rest = scope
    if kind == "currency":
        return str(currencies[number])
    if kind == "day":
        return ""
    if kind == "netting":
        currency, value_date, netting_set = number, *rest
        parts = (currencies[currency], _day_text(value_date), netting_sets[netting_set])
        return " ".join(part for part in parts if part)
    if kind == "postings":
        ledger, step = rest
        return f"{funds[number]} {_LEDGERS[ledger]} {_STEPS[step]}"
    words = (part if isinstance(part, str) else _day_text(part) for part in rest)
    return " ".join([str(funds[number]), *words])


def make_tables(
    intake: Intake, given: Given, terms: Terms, day: Date, previous: Proof | None, threads: int | None
) -> Made:
    """Clears the day natively, and makes tables and proof of what comes back."""
    known: list[Names] = []

    def settle_with(funds: npt.NDArray[np.int64], distributors: npt.NDArray[np.int64]) -> tuple[Any, Any]:
        """Who the parties are is known when the distributors are; the native side asks before it settles."""
        names = names_of(intake, given, terms, funds, distributors)
        known.append(names)
        return party_numbers(names), open_rows(given, names)

    raw = _kernel.clear_day(
        terms.compiled,
        intake.tables,
        intake.fund_days,
        intake.incomes,
        intake.discounts,
        intake.fund_keys,
        [str(fund) for fund in terms.ids],
        (day - Date(1970, 1, 1)).days,
        intake.quantity_scale,
        settle_with,
        threads,
    )
    tables = _tables(raw, known[0], given)
    return Made(tables, _proof(raw, known[0], tables, given, day, previous))


# ---- parties ----


def names_of(
    intake: Intake,
    given: Given,
    terms: Terms,
    funds: npt.NDArray[np.int64],
    distributors: npt.NDArray[np.int64],
) -> Names:
    """What the keys and numbers of a day stand for, parties included."""
    parties = {terms.clearing, *(fund.custody for fund in terms.funds), *(fund.manager for fund in terms.funds)}
    through = [terms.party(who) for who in each_of(intake.distributors.restore(distributors))]
    sets = {fund.netting_set for fund in terms.funds}
    if given.obligations is not None:
        parties.update(given.obligations["payer"].dictionary, given.obligations["payee"].dictionary)
        sets.update(given.obligations["netting_set"].dictionary)
    named = tuple(each_of(intake.funds.restore(funds)))
    return Names(
        intake=intake,
        terms=terms,
        parties=tuple(sorted(parties.union(through), key=str.encode)),
        netting_sets=tuple(sorted(sets, key=str.encode)),
        through=tuple(through),
        funds=named,
        fund_texts=_fund_texts(intake, named),
        distributor_keys=distributors,
    )


def _fund_texts(intake: Intake, funds: tuple[Any, ...]) -> Labels | None:
    """The funds and none after them as the dictionary of a column; nothing for funds that are integers."""
    if not intake.funds.is_text:
        return None
    # No fund is called by the empty text, so it can stand for none.
    return dictionary_of(funds if "" in funds else (*funds, ""))


def each_of(column: Identifiers) -> list[Any]:
    return column.to_list() if isinstance(column, Labels) else column.tolist()


def party_numbers(names: Names) -> dict[str, Any]:
    """The numbers of the parties of funds and distributors, as the kernel settles with them."""
    numbers = {party: number for number, party in enumerate(names.parties)}
    sets = {name: number for number, name in enumerate(names.netting_sets)}
    funds = names.terms.funds
    return {
        "custody": [numbers[fund.custody] for fund in funds],
        "manager": [numbers[fund.manager] for fund in funds],
        "netting_set": [sets[fund.netting_set] for fund in funds],
        "distributor": [numbers[party] for party in names.through],
        "clearing": numbers[names.terms.clearing],
    }


def open_rows(given: Given, names: Names) -> list[tuple[int, ...]]:
    """The open obligations in the order of the kernel's fields."""
    if given.obligations is None:
        return []
    table, cash = given.obligations, names.terms.scales.cash
    fields = (
        ("currency", names.terms.currencies),
        ("netting_set", names.netting_sets),
        ("purpose", _PURPOSES),
        ("payer", names.parties),
        ("payee", names.parties),
    )
    numbered = {name: _number_texts(table[name], texts, name) for name, texts in fields}
    funds = [_fund_number(fund, names) for fund in each_of(table["fund"])]
    dates = [table[name].view(np.int64).tolist() for name in ("dealing_date", "value_date")]
    amounts = table["amount"].rescale(cash).minor.tolist()
    columns = (numbered["currency"], numbered["netting_set"], funds, numbered["purpose"])
    return list(zip(*dates, *columns, numbered["payer"], numbered["payee"], amounts, strict=True))


def _number_texts(column: Labels, texts: tuple[str, ...], name: str) -> list[int]:
    numbers = {text: number for number, text in enumerate(texts)}
    for text in column.dictionary:
        if text not in numbers and bool((column == text).any()):
            why = f"there are {', '.join(texts)}"
            raise refuse("argument", argument=f"obligations.{name}", value=repr(text), why=why)
    return [numbers.get(column.dictionary[code], 0) for code in column.codes.tolist()]


def _fund_number(fund: Any, names: Names) -> int:
    number = names.terms.number(fund)
    if number is None:
        raise refuse("fund-unknown", argument="obligations", value=repr(fund))
    return number


# ---- tables ----


def _tables(raw: dict[str, Any], names: Names, given: Given) -> dict[str, Any]:
    return tables_by_account(raw, names) | tables_of_the_day(raw, names, given)


def tables_by_account(raw: dict[str, Any], names: Names) -> dict[str, Any]:
    """The tables that have rows of every account."""
    return {
        "confirmations": _confirmations(raw["confirmations"], names),
        "positions": Positions._of_kernel(register_columns(raw["positions"], names)),
        "lots": Lots._of_kernel(register_columns(raw["lots"], names)),
    }


def tables_of_the_day(raw: dict[str, Any], names: Names, given: Given) -> dict[str, Any]:
    """All other tables."""
    return {
        "flows": Flows._of_kernel(_flows(raw["flows"], names)),
        "obligations": Obligations._of_kernel(_cash_rows(raw["obligations"], names)),
        "settlement": Settlement._of_kernel(_cash_rows(raw["settlement"], names)),
        "payments": Payments._of_kernel(_cash_rows(raw["payments"], names)),
        "postings": Postings._of_kernel(_postings(raw["postings"], names)),
        "income": Income._of_kernel(_income(raw["income"], names)),
        "events": events_out(raw["events"], given),
    }


def _confirmations(raw: _Raw, names: Names) -> Confirmations:
    scales, quantity = names.terms.scales, names.intake.quantity_scale
    made = identified(raw, names)
    made |= {
        "order_id": names.intake.order_ids.restore(raw["order_id"]),
        "target_fund": names.fund_column(raw["target_fund"]),
        "kind": _texts(raw["kind"], names.intake.kinds),
        "placed_at": raw["placed_at"].view("datetime64[us]"),
        "since": dates_of(raw["since"]),
    }
    texts = {
        "charge": _CHARGES,
        "origin": _ORIGINS,
        "on_gate": _GATES,
        "own_charge": _OWN,
        "status": STATUSES,
        "reason": reason_names(),
        "refund_cause": reason_names(),
    }
    made |= {name: _texts(raw[name], texts[name]) for name in texts}
    made["own_charge_value"] = _make(raw["own_charge_value"], _RATE_SCALE)
    made |= {name: _make(raw[name], quantity) for name in ("requested", "top_up", "confirmed", "deferred", "cancelled")}
    made |= {
        name: _make(raw[name], scales.cash)
        for name in ("amount", "net", "fee", "back_end", "top_up_fee", "fee_to_fund", "fee_to_distributor")
    }
    made |= {name: _make(raw[name], scales.cash) for name in ("fee_to_manager", "refund", "net_in")}
    made |= {name: _make(raw[name], scales.units) for name in ("units", "units_in")}
    made |= {name: _make(raw[name], scales.nav) for name in ("price", "price_in")}
    made |= {name: _make(raw[name], scales.rounding) for name in ("rounding", "rounding_in")}
    utc = ["placed_at"] if names.intake.instants_are_utc else []
    return Confirmations._of_kernel(made, utc)


def identified(raw: _Raw, names: Names) -> dict[str, Any]:
    """The parts of a position's key that are keys or numbers."""
    return {
        "distributor": names.distributor_column(raw["distributor"]),
        "account": names.intake.accounts.restore(raw["account"]),
        "transaction_account": names.intake.transaction_accounts.restore(raw["transaction_account"]),
        "fund": names.fund_column(raw["fund"]),
    }


def _texts(codes: npt.NDArray[np.integer[Any]], texts: tuple[str, ...]) -> Labels:
    """A column of the kernel's codes, which all stand for one of the texts."""
    return coded(codes, dictionary_of(texts))


def dates_of(days: npt.NDArray[Any]) -> npt.NDArray[np.datetime64]:
    return days.astype(np.int64, copy=False).view("datetime64[D]")


def register_columns(raw: _Raw, names: Names) -> dict[str, Any]:
    """Positions or lots."""
    scales = names.terms.scales
    made = identified(raw, names) | {"charge": _texts(raw["charge"], _CHARGES)}
    special = {"nav": scales.nav, "rate_paid": _RATE_SCALE} | dict.fromkeys(_CASH_OF_POSITIONS, scales.cash)
    for name, values in raw.items():
        if name in made:
            continue
        if name == "dividend_option":
            made[name] = _texts(values, _OPTIONS)
        elif name == "confirmed":
            made[name] = dates_of(values)
        elif name in ("number", "reinvested"):
            made[name] = values.astype(np.int64)
        else:
            made[name] = _make(values, special.get(name, scales.units))
    return made


def _flows(raw: _Raw, names: Names) -> dict[str, Any]:
    scales = names.terms.scales
    made: dict[str, Any] = {
        "fund": names.fund_column(raw["fund"]),
        "distributor": names.distributor_column(raw["distributor"]),
        "kind": _texts(raw["kind"], FLOW_KINDS),
        "orders": raw["orders"],
        "units": _make(raw["units"], scales.units),
        "rounding": _make(raw["rounding"], scales.rounding),
    }
    return made | {name: _make(values, scales.cash) for name, values in raw.items() if name not in made}


def _cash_rows(raw: _Raw, names: Names) -> dict[str, Any]:
    """Obligations, settlement or payments."""
    texts = {
        "currency": names.terms.currencies,
        "netting_set": names.netting_sets,
        "purpose": _PURPOSES,
        "payer": names.parties,
        "payee": names.parties,
        "party": names.parties,
    }
    made: dict[str, Any] = {}
    for name, values in raw.items():
        if name in texts:
            made[name] = _texts(values, texts[name])
        elif name == "fund":
            made[name] = names.fund_column(values)
        elif name in ("dealing_date", "value_date"):
            made[name] = dates_of(values)
        else:
            made[name] = _make(values, names.terms.scales.cash)
    return made


def _postings(raw: _Raw, names: Names) -> dict[str, Any]:
    return posting_columns(raw, names.fund_column(raw["fund"]), names.terms)


def posting_columns(raw: _Raw, funds: Identifiers, terms: Terms) -> dict[str, Any]:
    """Postings, whose funds are known."""
    scales = terms.scales
    words = {"ledger": _LEDGERS, "step": _STEPS, "account": _ACCOUNTS}
    made: dict[str, Any] = {
        "fund": funds,
        "currency": _texts(raw["currency"], terms.currencies),
    }
    made |= {name: _texts(raw[name], words[name]) for name in words}
    for name, values in raw.items():
        if name not in made:
            memo = scales.rounding
            scale = memo if name.startswith("memo") else scales.units if name.startswith("units") else scales.cash
            made[name] = _make(values, scale)
    return made


def _income(raw: _Raw, names: Names) -> dict[str, Any]:
    scales = names.terms.scales
    made: dict[str, Any] = {"fund": names.fund_column(raw["fund"]), "date": dates_of(raw["date"])}
    made["entitled"] = _make(raw["entitled"], scales.units)
    made["per_10k"] = _make(raw["per_10k"], 4)
    return made | {name: _make(values, scales.cash) for name, values in raw.items() if name not in made}


def events_out(raw: _Raw, given: Given) -> Events:
    """The events in the order in which they were looked at, with what became of them."""
    if given.events is None:
        return Events.empty()
    ruled = given.events.rows_at(raw["row"])
    rejected = raw["reason"] != 0
    status = _texts(rejected.astype(np.uint8), ("confirmed", "rejected"))
    return ruled.with_columns(status=status, reason=_texts(raw["reason"], reason_names()))


# ---- proof ----


def _proof(
    raw: dict[str, Any],
    names: Names,
    tables: Mapping[str, Any],
    given: Given,
    day: Date,
    previous: Proof | None,
) -> Proof:
    ties: tuple[LawEntry, ...] = ()
    digests = {f"in.{name}": fingerprint_in(name, table) for name, table in inputs_of(given)}
    digests |= {f"out.{name}": fingerprint(name, table) for name, table in tables.items()}
    digests["out.register"] = register_fingerprint(tables["positions"])
    any_left = len(_left_rows(tables["confirmations"])) > 0
    digests["out.deferred"] = fingerprint("deferred", left_over(tables["confirmations"])) if any_left else NO_ROWS
    digests["in.days"] = digest_of_days(names.intake)
    digests["terms"] = names.terms.digest
    if previous is not None:
        ties = tuple(_ties(digests, previous, given))
        digests["previous"] = previous.digest
    return proof_of(raw, names, day, digests, ties)


def proof_of(
    raw: dict[str, Any], names: Names, day: Date, digests: Mapping[str, str], ties: tuple[LawEntry, ...]
) -> Proof:
    """The proof of a day, of whose tables the digests are known."""
    # The entries outlive the day's tables, so they keep nothing that keeps those.
    scope = partial(_scope_text, names.terms.currencies, names.netting_sets, names.funds)
    cuts = tuple(
        Cut(what, str(names.funds[fund]), _day_text(when), remainder, names.cut_key(what, key))
        for what, fund, when, remainder, key in raw["cuts"]
    )
    totals = {name: exact(value, scale) for name, value, scale in raw["totals"]}
    entries = entries_of(raw["entries"], scope, ties)
    return Proof(date=day.isoformat(), entries=entries, totals=totals, digests=digests, cuts=cuts)


def digest_of_days(intake: Intake) -> str:
    """The SHA-256 of what was given for each fund, prices, decisions and income, as it was understood."""
    import hashlib
    import json

    plain = json.dumps([intake.fund_days, intake.incomes], separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def inputs_of(given: Given) -> Iterable[tuple[str, Table]]:
    """The tables that were given, by name."""
    for name in ("orders", "deferred", "positions", "lots", "events", "obligations"):
        table = getattr(given, name)
        if table is not None:
            yield name, table


def _ties(digests: Mapping[str, str], previous: Proof, given: Given) -> Iterable[LawEntry]:
    """What comes in is what the day before left, by the fingerprints of its proof."""
    came = {name: came_in(name, getattr(given, name), digests) for name in TIED}
    tables = {name: getattr(given, name) for name in TIED}
    rows = {name: 0 if table is None else len(table) for name, table in tables.items()}
    return ties_of(came, rows, previous)


def ties_of(came: Mapping[str, str], rows: Mapping[str, int], previous: Proof) -> Iterable[LawEntry]:
    """The same, from the fingerprints and the rows of what came."""
    for name, (law, left_as) in TIED.items():
        left = previous.digests.get(f"out.{left_as}", "")
        if came[name] != left:
            raise refuse("untied", argument=name, value=came[name], left=left)
        yield LawEntry(law, name, Decimal(int(came[name], 16)), Decimal(int(left, 16)), rows[name])


def came_in(name: str, table: Table | None, digests: Mapping[str, str]) -> str:
    """The fingerprint of what came in, as the day before has that of what it left."""
    if name == "positions" and table is not None:
        # Units that income is paid on are no part of what a day leaves.
        return register_fingerprint(table) if "entitled" in table else digests["in.positions"]
    return digests.get(f"in.{name}", NO_ROWS)


def left_over(confirmations: Confirmations) -> Confirmations:
    """What the next day begins with: parts that a gate deferred, and orders that came late."""
    return confirmations.rows_at(_left_rows(confirmations))


def _left_rows(confirmations: Confirmations) -> npt.NDArray[np.intp]:
    """The numbers of their rows: they are few among many, and are looked for once and not column by column."""
    return np.flatnonzero((confirmations["deferred"].minor != 0) | (confirmations["status"] == "carried"))


def _day_text(day: int) -> str:
    return str(np.datetime64(day, "D"))
