"""Laws of orders, gates, cash and value, each re-derived from the rows of the tables."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fundclear.reference.context import NOT_PLACED, Row
from fundclear.reference.lawbook import CASH_KINDS, UNIT_KINDS, Lawbook, grouped, total, within
from fundclear.reference.policy import ONE

__all__ = ["check_cash", "check_gates", "check_orders", "check_value"]


def check_orders(book: Lawbook) -> None:
    """O1 to O5: nothing that was asked for is lost, and every received row has one fate."""
    rows = book.outputs["confirmations"]
    for row in rows:
        _account_for(book, row)
    for (fund, kind), mine in grouped(rows, "fund", "kind").items():
        asked = total(row["requested"] + row["top_up"] for row in mine)
        book.equal("O2", (fund, kind), asked, total(_fates(row) for row in mine))
    received = [*book.inputs["orders"], *book.inputs.get("deferred", ())]
    book.equal("O3", "rows", len(received), len(rows))
    wanted = Counter(_identity(row, row["quantity"], book.date) for row in received)
    given = Counter(_identity(row, row["requested"], book.date) for row in rows)
    for identity in sorted(set(wanted) | set(given), key=str):
        book.equal("O4", identity, wanted[identity], given[identity])
    standing = Counter((row["distributor"], row["order_id"]) for row in rows if row["status"] != "rejected")
    for name, count in standing.items():
        book.holds("O5", name, count == 1, count, 1)


def _fates(row: Row) -> int:
    whole = row["requested"] if row["status"] in ("rejected", "carried") else 0
    return int(row["confirmed"] + row["deferred"] + row["cancelled"] + whole)


def _account_for(book: Lawbook, row: Row) -> None:
    scope = (row["distributor"], row["order_id"])
    book.equal("O1", scope, row["requested"] + row["top_up"], _fates(row))
    parts = [row[name] for name in ("top_up", "confirmed", "deferred", "cancelled")]
    book.holds("O1", scope, min(parts) >= 0, parts)
    _, confirmed, deferred, cancelled = parts
    if confirmed:
        status = "part" if deferred + cancelled else "confirmed"
    else:
        status = "deferred" if deferred else "cancelled" if cancelled else row["status"]
    is_whole = row["status"] in ("rejected", "carried")
    book.holds("O3", scope, row["status"] == status and (is_whole or any(parts[1:])), row["status"], status)


def _identity(row: Row, quantity: int, date: int) -> tuple[Any, ...]:
    return (
        row.get("distributor", 0),
        row["order_id"],
        row["account"],
        row.get("transaction_account", 0),
        row["fund"],
        row["kind"],
        row.get("placed_at", NOT_PLACED),
        row.get("since", date),
        row.get("origin", "new"),
        quantity,
    )


# --- gates -----------------------------------------------------------------------------------------------------------


def _requests(book: Lawbook) -> list[tuple[Row, int, int | None]]:
    """Every order that a gate saw, what it asked for, and what was accepted, where the tables still tell."""
    seen = []
    rows = [row for row in book.outputs["confirmations"] if row["kind"] in UNIT_KINDS and _was_accepted(row)]
    names = ("account", "transaction_account", "distributor", "fund", "charge")
    for key, mine in grouped(rows, *names).items():
        mine.sort(key=lambda row: (row["since"], row["placed_at"], row["distributor"], row["order_id"]))
        opening = book.opening[key]["units"] if key in book.opening else 0
        units, frozen = opening + book.figure(key, "moved"), book.figure(key, "frozen")
        left = units - total(book.quantity(row, "requested") for row in mine)
        top_up = max(0, left - frozen) if 0 < left < book.funds[key[3]].limits.minimum_holding else 0
        cap = max(0, units - frozen + min(0, book.figure(key, "income_units")))
        for row in mine:
            raised = top_up if row is mine[-1] else 0
            if row["status"] != "rejected":
                book.equal("O1", (row["distributor"], row["order_id"], "top-up"), book.quantity(row, "top_up"), raised)
            asked = book.quantity(row, "requested") + raised
            dealt = min(asked, cap)
            cap -= dealt
            seen.append((row, dealt, _accepted(book, row, asked - dealt, dealt)))
    return seen


def _was_accepted(row: Row) -> bool:
    return row["status"] not in ("rejected", "carried") or row["reason"] == "zero-units"


def _accepted(book: Lawbook, row: Row, cut: int, dealt: int) -> int | None:
    """What the gate accepted: what was confirmed; of a switch that bought nothing it can be unknown."""
    if row["status"] == "rejected":
        return dealt
    confirmed, deferred = book.quantity(row, "confirmed"), book.quantity(row, "deferred")
    cancelled = book.quantity(row, "cancelled") - cut
    scope = (row["distributor"], row["order_id"])
    book.holds("G4", scope, cancelled >= 0 and dealt == confirmed + deferred + cancelled, dealt, confirmed + deferred)
    return None if row["kind"] == "switch" and confirmed == 0 and cancelled else confirmed


def check_gates(book: Lawbook) -> None:
    """G1 to G4: a gate trips when it must, and lets through its limit, pro rata."""
    requests = _requests(book)
    for row in book.outputs["gates"]:
        head, mine = row["portfolio"], [each for each in requests if book.heads[each[0]["fund"]] == row["portfolio"]]
        asked = total(dealt for _, dealt, _ in mine)
        book.equal("G1", head, row["requested"], asked)
        outstanding = total(p["units"] for p in book.opening.values() if book.heads[p["fund"]] == head)
        book.equal("G1", (head, "outstanding"), row["outstanding"], outstanding)
        gate = book.funds[head].gate
        net = asked - row["subscribed"] - row["switched_in"]
        book.equal("G1", (head, "trips"), row["tripped"], gate is not None and net * ONE > gate.threshold * outstanding)
        if gate is not None and row["tripped"] and row["decision"] == "limit":
            _check_limit(book, row, asked)
            _check_shares(book, row, mine, by_day=gate.oldest_first)
        else:
            for order, dealt, accepted in mine:
                if accepted is not None:
                    book.equal("G2", (order["distributor"], order["order_id"]), accepted, dealt)


def _check_limit(book: Lawbook, row: Row, asked: int) -> None:
    fund = book.funds[row["portfolio"]]
    assert fund.gate is not None
    decision = book.days[row["portfolio"]].get("decision")
    figure = decision[1] if isinstance(decision, tuple) else 0
    quantum = fund.unit_quantum
    part = -(-fund.gate.threshold * row["outstanding"] // (ONE * quantum)) * quantum
    part += row["subscribed"] if fund.gate.counts_subscriptions else 0
    book.equal("G2", (row["portfolio"], "limit"), row["limit"], min(asked, max(part, figure)))


def _check_shares(book: Lawbook, row: Row, requests: list[tuple[Row, int, int | None]], *, by_day: bool) -> None:
    if any(accepted is None for _, _, accepted in requests):
        return
    known = [(order, dealt, accepted or 0) for order, dealt, accepted in requests]
    book.equal("G2", (row["portfolio"], "sum"), row["limit"], total(accepted for _, _, accepted in known))
    quantum = book.funds[row["portfolio"]].unit_quantum
    for day in sorted({order["since"] for order, _, _ in known}) if by_day else [None]:
        group = [each for each in known if day in (None, each[0]["since"])]
        asked = total(dealt for _, dealt, _ in group)
        given = total(accepted for _, _, accepted in group)
        for order, dealt, accepted in group:
            scope = (order["distributor"], order["order_id"])
            book.holds("G3", scope, 0 <= accepted <= dealt, accepted, dealt)
            distance = abs(accepted * asked - given * dealt)
            book.holds("G3", scope, distance < asked * quantum or distance == 0, accepted * asked, given * dealt)


# --- cash and value --------------------------------------------------------------------------------------------------


def check_cash(book: Lawbook) -> None:
    """C1 to C4: the cash of every order goes somewhere, and every fee has its payees."""
    for row in book.dealt(*CASH_KINDS, *UNIT_KINDS):
        scope = (row["distributor"], row["order_id"])
        if row["kind"] in CASH_KINDS:
            book.equal("C1", scope, book.quantity(row, "confirmed"), row["amount"])
            book.equal("C1", scope, row["amount"], row["fee"] + row["net"] + row["refund"])
        else:
            law = "C2" if row["kind"] == "redeem" else "C3"
            book.equal(law, scope, row["amount"], row["net"] + row["fee"] + row["back_end"])
        if row["kind"] == "switch":
            book.equal("C3", scope, row["net"], row["net_in"] + row["top_up_fee"] + row["refund"])
        charged = row["fee"] + row["back_end"] + row["top_up_fee"]
        payees = row["fee_to_fund"] + row["fee_to_distributor"] + row["fee_to_manager"]
        book.equal("C4", scope, charged, payees)
        names = ("net", "net_in", "refund", "fee", "back_end", "top_up_fee", "fee_to_distributor", "fee_to_manager")
        amounts = [row[name] for name in (*names, "fee_to_fund")]
        book.holds("C4", scope, min(amounts) >= 0, amounts)
    for (fund,), rows in grouped(book.dealt("switch"), "fund").items():
        left = total(row["net"] for row in rows)
        book.equal("C3", ("fund", fund), left, total(r["net_in"] + r["top_up_fee"] + r["refund"] for r in rows))


def check_value(book: Lawbook) -> None:
    """V1 to V4: units times price is cash, but for a rounding within its bound; so is the value of each fund."""
    for row in book.dealt(*CASH_KINDS, *UNIT_KINDS):
        scope, price = (row["distributor"], row["order_id"]), book.prices[row["fund"]]
        book.equal("T1", (*scope, "price"), row["price"], price)
        fund = book.funds[row["fund"]]
        if row["kind"] in CASH_KINDS:
            _check_issue(book, "V1", row, row["fund"], ("net", "units", "rounding"))
        else:
            book.equal("V2", scope, row["units"] * price, row["amount"] * book.to_value + row["rounding"])
            bounded = within(row["rounding"], fund.cash_quantum * book.to_value, fund.modes.cash)
            book.holds("V2", scope, bounded, row["rounding"])
            book.equal("V2", scope, row["units"], book.quantity(row, "confirmed"))
        if row["kind"] == "switch":
            book.equal("T1", (*scope, "price in"), row["price_in"], book.prices[row["target_fund"]])
            _check_issue(book, "V3", row, row["target_fund"], ("net_in", "units_in", "rounding_in"))
    for fund_key in book.funds:
        _check_fund_value(book, fund_key)


def _check_issue(book: Lawbook, law: str, row: Row, fund_key: int, names: tuple[str, str, str]) -> None:
    invested, units, rounding = (row[name] for name in names)
    scope, fund, price = (row["distributor"], row["order_id"]), book.funds[fund_key], book.prices[fund_key]
    book.equal(law, scope, invested * book.to_value, units * price + rounding)
    if fund.whole_units:
        book.holds(law, scope, abs(rounding) < fund.cash_quantum * book.to_value, rounding)
        book.holds(law, scope, units % 10**book.scales.units == 0, units)
    else:
        book.holds(law, scope, within(rounding, fund.unit_quantum * price, fund.modes.units), rounding)
    book.holds(law, scope, units > 0 and units % fund.unit_quantum == 0, units)


def _check_fund_value(book: Lawbook, fund: int) -> None:
    paid_in = book.flows(fund, "net", "subscription", "switch_in")
    gross_out = book.flows(fund, "amount", "redemption", "switch_out")
    cash = paid_in - gross_out + book.flows(fund, "fee_to_fund", "redemption", "switch_out")
    mine = [row for position, row in book.positions.items() if position[3] == fund]
    change = total(row["issued"] - row["cancelled"] for row in mine)
    nav, price = book.days[fund]["nav"], book.prices[fund]
    kept = -book.posted(fund, "redemption_fee_income") * book.to_value
    memo = book.posted(fund, "rounding", "memo_")
    book.equal("V4", fund, cash * book.to_value, nav * change + kept + memo + (price - nav) * change)
