"""How a result came about, step by step, in words and in the numbers of the day's own tables.

Nothing is computed here: every number stands in a table of the day or in the terms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from fundclear.consuming import LotUsed
from fundclear.funds import Fund
from fundclear.reasons import REASONS
from fundclear.schedules import FeeSchedule, Flat
from fundclear.tables import Table

__all__ = ["explain_order", "explain_position"]

_Row = Mapping[str, Any]
_Lots = Sequence[LotUsed] | None

#: What a status means.
_OUTCOMES: Final = {
    "confirmed": "dealt as a whole",
    "part": "dealt in part",
    "rejected": "rejected",
    "deferred": "left to the next dealing day",
    "cancelled": "cancelled",
    "carried": "carried to the next dealing day",
}


def explain_order(row: _Row, fund: Fund | None, target: Fund | None, lots: _Lots, date: str) -> str:
    """The story of one row of the confirmations.

    Of a switch, `target` is the fund that it goes into; `lots` are those that were used up, ``None`` if that cannot be
    told.
    """
    return "\n".join(_numbered(_order_steps(row, fund, target, lots, date), _title(row)))


def explain_position(position: _Row, orders: Table, lots: Table, income: Table, date: str) -> str:
    """The story of one row of the positions."""
    title = f"position of account {position['account']} in fund {position['fund']}{_besides(position)} on {date}"
    return "\n".join(_numbered(_position_steps(position, orders, lots, income), title))


def _numbered(steps: Iterator[str], title: str) -> Iterator[str]:
    yield title
    for number, step in enumerate(steps, 1):
        yield f"{number:>3}. {step}"


def _title(row: _Row) -> str:
    what = f"{row['kind']} {_plain(row['requested'])} {'of cash' if _is_cash(row) else 'units'}"
    into = f" into {row['target_fund']}" if row["kind"] == "switch" else ""
    return f"order {row['order_id']}{_from(row)}: {what} of fund {row['fund']}{into}, account {row['account']}"


def _from(row: _Row) -> str:
    return f" of distributor {row['distributor']}" if row["distributor"] not in ("", 0) else ""


def _besides(row: _Row) -> str:
    parts = [
        f"{name.replace('_', ' ')} {row[name]}"
        for name in ("transaction_account", "distributor")
        if row[name] not in ("", 0)
    ]
    parts += ["back-end charged"] if row["charge"] == "back" else []
    return f" ({', '.join(parts)})" if parts else ""


def _is_cash(row: _Row) -> bool:
    return row["kind"] not in ("redeem", "switch")


def _order_steps(row: _Row, fund: Fund | None, target: Fund | None, lots: _Lots, date: str) -> Iterator[str]:
    yield _received(row, date)
    if row["status"] in ("rejected", "carried"):
        yield _stopped(row)
        if row["refund"]:
            yield f"refund: {row['refund']} goes back to the investor"
        return
    if row["top_up"]:
        yield f"minimum holding: {row['top_up']} units were added, because less than the minimum would have stayed"
    if row["reason"] == "negative-income" and row["cancelled"]:
        yield f"negative income: {_plain(row['cancelled'])} units were cancelled, because they are no longer there"
    if row["reason"] == "gate":
        yield (
            f"gate: {_plain(row['confirmed'])} units accepted, {_plain(row['deferred'])} deferred, "
            f"{_plain(row['cancelled'])} cancelled"
        )
    if row["confirmed"]:
        yield f"price: {row['price']}, the fund's of the day, unknown when the order was placed"
        yield from _dealt(row, fund, target, lots)
    yield f"result: {_OUTCOMES[row['status']]}"


def _received(row: _Row, date: str) -> str:
    placed = f", placed at {row['placed_at']}" if row["placed_at"] is not None else ""
    origins = {
        "new": f"received for dealing day {date}{placed}",
        "deferred": f"deferred from dealing day {row['since']} to {date}{placed}",
        "carried": f"carried from dealing day {row['since']} to {date}{placed}",
    }
    return origins[row["origin"]]


def _stopped(row: _Row) -> str:
    reason = REASONS[row["reason"]]
    cure = f"; what helps: {reason.cure}" if reason.cure else ""
    return f"{row['status']} [{row['reason']}]: {reason.says}{cure}"


def _dealt(row: _Row, fund: Fund | None, target: Fund | None, lots: _Lots) -> Iterator[str]:
    if row["kind"] == "switch":
        yield from _redeemed(row, "transfer", lots)
        parts = f"{row['top_up_fee']} is the fee and {row['net_in']} is invested"
        yield f"top-up: of {row['net']}, {parts}{_top_up(row, fund, target)}"
        yield f"units in: {row['units_in']} at {row['price_in']}; rounding {row['rounding_in']}"
    elif _is_cash(row):
        yield f"fee: {row['fee']} of {row['amount']}{_tier(row, fund)}"
        yield f"units: {row['units']} for {row['net']} invested at {row['price']}; rounding {row['rounding']}"
        if row["refund"]:
            yield f"refund: {row['refund']}, which buys no whole unit"
    else:
        yield from _redeemed(row, "paid", lots)
    yield (
        f"fees go to: fund {row['fee_to_fund']}, distributor {row['fee_to_distributor']}, "
        f"manager {row['fee_to_manager']}"
    )


def _redeemed(row: _Row, name: str, lots: _Lots) -> Iterator[str]:
    yield f"gross: {row['units']} units at {row['price']} are {row['amount']}; rounding {row['rounding']}"
    if lots is None:
        yield "lots: which were used up cannot be told, because register events or negative income moved some before"
    for lot in lots or ():
        back_end = f", back-end fee {lot.back_end}" if lot.back_end else ""
        yield (
            f"lot {lot.number} of {lot.confirmed}: {lot.units} units held {lot.held_days} days at {_plain(lot.rate)}, "
            f"of which the fund keeps {_plain(lot.fund_share)}: fee {lot.fee}{back_end}"
        )
    yield f"fee: {row['fee']} by holding period, back-end fee {row['back_end']}"
    yield f"{name}: {row['net']}"


def _tier(row: _Row, fund: Fund | None) -> str:
    """Which tier, or which charge of its own, an amount falls under."""
    if row["charge"] == "back":
        return ", because the units are charged when they leave"
    if row["own_charge"]:
        return f", by the order's own {row['own_charge']} of {_plain(row['own_charge_value'])}"
    if fund is None or fund.subscription_fee is None:
        return ", the fund charges none"
    return f", {_tier_of(fund.subscription_fee, row['amount'])}, {fund.method} method"


def _tier_of(schedule: FeeSchedule, amount: Decimal) -> str:
    """The tier that an amount falls under; the first starts at zero."""
    start, charge = [tier for tier in schedule.tiers if amount >= tier.start][-1]
    return f"tier from {start}: {f'flat {charge.amount}' if isinstance(charge, Flat) else _plain(charge)}"


def _top_up(row: _Row, fund: Fund | None, target: Fund | None) -> str:
    """The target's tier at what left, and what of it counts as paid in the fund that was left."""
    if row["charge"] == "back":
        return ", because the units are charged when they leave"
    if target is None or target.subscription_fee is None:
        return ", the target charges none"
    tier = _tier_of(target.subscription_fee, row["amount"])
    if fund is not None and fund.switch_rate == "purchase":
        return f", the target's {tier}, less the rate that the lots have paid"
    if fund is None or fund.subscription_fee is None:
        return f", the target's {tier}"
    return f", the target's {tier}, less the fund's {_tier_of(fund.subscription_fee, row['amount'])}"


def _position_steps(position: _Row, orders: Table, lots: Table, income: Table) -> Iterator[str]:
    yield f"opening: {position['opening']} units"
    if position["moved"]:
        yield f"register events: {position['moved']} units"
    for row in income.rows():
        yield (
            f"income of {row['date']}: the fund distributes {row['paid']} over {row['entitled']} units, "
            f"{row['per_10k']} per 10,000"
        )
    if position["income"]:
        yield (
            f"income of this position: {position['income']}, of which {position['income_units']} units and "
            f"{position['income_cash']} in cash; unpaid at the end {position['unpaid']}"
        )
    for row in orders.rows():
        what = "in" if row["kind"] == "switch" and row["target_fund"] == position["fund"] else str(row["kind"])
        yield (
            f"order {row['order_id']}{_from(row)}, {what}: {_OUTCOMES[str(row['status'])]}, "
            f"{row['units_in'] if what == 'in' else row['units']} units{_charged(row, what)}{_reason(row)}"
        )
    yield (
        f"closing: {position['units']} units = {position['opening']} + {position['moved']} events "
        f"+ {position['issued']} issued − {position['cancelled']} cancelled + {position['income_units']} income"
    )
    if position["frozen"] or position["pending"]:
        yield f"of these {position['frozen']} are frozen and {position['pending']} wait for the next dealing day"
    for row in lots.rows():
        yield f"lot {row['number']} of {row['confirmed']}: {row['units']} units"


def _charged(row: _Row, what: str) -> str:
    """The fees of an order that the position bore, those of zero left out."""
    names = ("top_up_fee",) if what == "in" else ("fee", "back_end")
    fees = [f"{'fee' if name == 'fee' else name.replace('_', '-')} {row[name]}" for name in names if row[name]]
    return f", {' and '.join(fees)}" if fees else ""


def _reason(row: _Row) -> str:
    return f" [{row['reason']}]" if row["reason"] else ""


def _plain(amount: Decimal) -> str:
    """A quantity without the zeros that only the table's scale adds."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
