"""The columns of every table, in one place: constructors, checks, readers and the documentation are made from this."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

__all__ = [
    "CONFIRMATIONS",
    "EVENTS",
    "FLOWS",
    "FUND_DAYS",
    "INCOME",
    "LOTS",
    "OBLIGATIONS",
    "ORDERS",
    "PAYMENTS",
    "POSITIONS",
    "POSTINGS",
    "SETTLEMENT",
    "ColumnSpec",
    "Schema",
]

#: Rates, discounts and factors have so many decimals.
RATE_SCALE: Final = 8


class ColumnSpec(NamedTuple):
    """A column of a table.

    Attributes:
        name: the column's name, which is stable.
        kind: ``id`` (int64, or texts), ``text``, ``money`` (a :class:`~fundclear.Fixed`), ``integer`` (int64),
            ``date`` or ``instant``.
        says: its meaning and its unit.
        required: whether a table must have it.
        default: what a table without it, and a null of a frame, stands for; ``None`` if a null is refused.
        scale: the decimals that a money column always has.
        among: the only texts that may stand in it.
    """

    name: str
    kind: str
    says: str
    required: bool = True
    default: str | int | None = None
    scale: int | None = None
    among: tuple[str, ...] = ()


Schema: TypeAlias = tuple[ColumnSpec, ...]


def _optional(name: str, kind: str, says: str, default: str | int | None, **more: int | tuple[str, ...]) -> ColumnSpec:
    return ColumnSpec(name, kind, says, False, default, **more)  # type: ignore[arg-type]


_CHARGES: Final = ("front", "back")
_OPTIONS: Final = ("", "default", "reinvest", "cash")

_ACCOUNT: Final = ColumnSpec("account", "id", "The holder's account with the transfer agent.")
_TRANSACTION: Final = _optional("transaction_account", "id", "The account with the distributor.", "")
_DISTRIBUTOR: Final = _optional("distributor", "id", "Who sent it, and whose client holds the position.", "")
_FUND: Final = ColumnSpec("fund", "id", "The fund (class), as the terms name it.")
_CHARGE: Final = _optional(
    "charge", "text", "How the class is charged: front (at once) or back (when redeemed).", "front", among=_CHARGES
)
_CURRENCY: Final = ColumnSpec("currency", "text", "The currency, such as CNY.")
_VALUE_DATE: Final = ColumnSpec("value_date", "date", "The day on which it is paid.")
_NETTING_SET: Final = ColumnSpec("netting_set", "text", "What is netted together.")

ORDERS: Final[Schema] = (
    _ACCOUNT,
    _FUND,
    ColumnSpec("kind", "text", "subscribe (022), periodic (039), redeem (024) or switch (036); others are rejected."),
    ColumnSpec("quantity", "money", "Cash of a subscription; units of a redemption or a switch."),
    _optional("order_id", "id", "Unique within a distributor; without it every row is an order of its own.", None),
    _DISTRIBUTOR,
    _TRANSACTION,
    _optional("placed_at", "instant", "When it was placed; without it the order belongs to the day.", ""),
    _optional("target_fund", "id", "Where a switch goes.", ""),
    _optional(
        "on_gate", "text", "What a gate leaves of it: defer (1) or cancel (0).", "defer", among=("defer", "cancel")
    ),
    _CHARGE,
    _optional("discount", "money", "Its own factor on the rate of the fee; zero: none given.", 0, scale=RATE_SCALE),
    _optional("rate", "money", "Its own rate of the fee (0.015 is 1.5 %); zero: none given.", 0, scale=RATE_SCALE),
    _optional("fee", "money", "Its own flat fee, in cash; zero: none given.", 0, scale=RATE_SCALE),
)

POSITIONS: Final[Schema] = (
    _ACCOUNT,
    _TRANSACTION,
    _DISTRIBUTOR,
    _FUND,
    _CHARGE,
    _optional("dividend_option", "text", "reinvest or cash; empty: the fund's default.", "", among=_OPTIONS),
    ColumnSpec("units", "money", "Units held."),
    _optional("frozen", "money", "Units that are frozen.", 0),
    _optional("pending", "money", "Units of orders that a gate has deferred.", 0),
    _optional("unpaid", "money", "Income not yet paid, in cash, signed.", 0),
    _optional("opening", "money", "Units at the opening of the day that made the table.", 0),
    _optional("issued", "money", "Units that the day issued.", 0),
    _optional("cancelled", "money", "Units that the day redeemed or switched out.", 0),
    _optional("income", "money", "The day's income of the position, in cash, signed.", 0),
    _optional("income_units", "money", "Units from reinvested income, signed.", 0),
    _optional("income_cash", "money", "Income paid in cash.", 0),
    _optional("moved", "money", "Units moved by events, signed.", 0),
    _optional("entitled", "money", "Units that income is paid on; without it the opening units.", None),
)

LOTS: Final[Schema] = (
    _ACCOUNT,
    _TRANSACTION,
    _DISTRIBUTOR,
    _FUND,
    _CHARGE,
    ColumnSpec("number", "integer", "The lot's number within its position."),
    ColumnSpec("confirmed", "date", "The confirmation date, from which the holding period counts."),
    ColumnSpec("units", "money", "Units left in the lot."),
    _optional("nav", "money", "Price a unit when the lot was bought.", 0),
    _optional("rate_paid", "money", "Rate of the fee paid when it was bought.", 0, scale=RATE_SCALE),
    _optional("reinvested", "integer", "1 for units from reinvested income, else 0.", 0),
)

EVENTS: Final[Schema] = (
    ColumnSpec("event_id", "id", "Unique within a distributor."),
    _DISTRIBUTOR,
    _ACCOUNT,
    _TRANSACTION,
    _FUND,
    _CHARGE,
    ColumnSpec("kind", "text", "freeze, unfreeze, transfer, custody, forced_credit, forced_debit or dividend_option."),
    _optional("units", "money", "Units frozen or moved.", 0),
    _optional("to_account", "id", "Where a transfer goes.", ""),
    _optional("to_transaction_account", "id", "Where a transfer goes.", ""),
    _optional("to_distributor", "id", "Where a transfer goes.", ""),
    _optional("option", "text", "The new dividend option: reinvest or cash; empty: the fund's default.", ""),
    _optional("placed_at", "instant", "When it was placed.", ""),
    _optional("status", "text", "What became of it: confirmed or rejected.", ""),
    _optional("reason", "text", "Why it was rejected.", ""),
)

FUND_DAYS: Final[Schema] = (
    _FUND,
    ColumnSpec("nav", "money", "Net asset value a unit, before swing."),
    _optional("status", "text", "open, closed, subscriptions_closed or redemptions_closed; empty: open.", ""),
    _optional("decision", "text", "The gate decision of a portfolio's head: accept_all or limit; empty: none.", ""),
    _optional("limit", "money", "Units that a limit accepts at least; zero: the threshold alone.", 0),
    _optional("swing", "text", "up, down or none instead of the thresholds; empty: the thresholds decide.", ""),
    _optional("pays_out", "integer", "1 if unpaid income is paid out today, else 0.", 0),
)

CONFIRMATIONS: Final[Schema] = (
    _DISTRIBUTOR,
    ColumnSpec("order_id", "id", "The order's id."),
    _ACCOUNT,
    _TRANSACTION,
    _FUND,
    ColumnSpec("charge", "text", "The order's charge class: front or back."),
    ColumnSpec("kind", "text", "The order's kind."),
    _optional("target_fund", "id", "Where a switch goes.", ""),
    _optional("placed_at", "instant", "When it was placed.", ""),
    ColumnSpec("since", "date", "The first dealing day that the order belonged to."),
    ColumnSpec("origin", "text", "new, deferred (by a gate the day before) or carried (late the day before)."),
    ColumnSpec("on_gate", "text", "What a gate leaves of it: defer or cancel."),
    ColumnSpec("own_charge", "text", "Which charge of its own it gave: none, rate, fee, discount or several."),
    ColumnSpec("own_charge_value", "money", "That charge.", scale=RATE_SCALE),
    ColumnSpec("status", "text", "confirmed, part, rejected, deferred, cancelled or carried."),
    ColumnSpec("reason", "text", "Why it was not confirmed in full; empty: it was."),
    ColumnSpec("refund_cause", "text", "Why something goes back; empty: nothing does."),
    ColumnSpec("requested", "money", "What was ordered, in the order's own measure: cash or units."),
    ColumnSpec("top_up", "money", "Units added to clear a small rest."),
    ColumnSpec("confirmed", "money", "Confirmed, in the order's own measure."),
    ColumnSpec("deferred", "money", "Deferred to the next dealing day, in the order's own measure."),
    ColumnSpec("cancelled", "money", "Cancelled, in the order's own measure."),
    ColumnSpec("amount", "money", "A subscription's cash, or the rounded gross of a redemption or switch."),
    ColumnSpec("net", "money", "Cash invested, paid or transferred."),
    ColumnSpec("fee", "money", "The subscription or redemption fee, in cash."),
    ColumnSpec("back_end", "money", "Back-end fees, in cash."),
    ColumnSpec("top_up_fee", "money", "The fee of a switch into its target, in cash."),
    ColumnSpec("fee_to_fund", "money", "What the fund keeps of the fees, in cash."),
    ColumnSpec("fee_to_distributor", "money", "What the distributor gets of the fees, in cash."),
    ColumnSpec("fee_to_manager", "money", "What the manager gets of the fees, in cash."),
    ColumnSpec("refund", "money", "Cash that goes back."),
    ColumnSpec("net_in", "money", "Cash invested in the target of a switch."),
    ColumnSpec("units", "money", "Units issued or cancelled in the fund."),
    ColumnSpec("units_in", "money", "Units issued in the target of a switch."),
    ColumnSpec("price", "money", "The dealing price of the fund."),
    ColumnSpec("price_in", "money", "The dealing price of the target."),
    ColumnSpec("rounding", "money", "Cash less units times price, exact, which is the fund's."),
    ColumnSpec("rounding_in", "money", "The same in the target."),
)

FLOWS: Final[Schema] = (
    _FUND,
    ColumnSpec("distributor", "id", "Through whom."),
    ColumnSpec("kind", "text", "subscription, redemption, switch_out, switch_in or income."),
    ColumnSpec("orders", "integer", "How many orders were dealt."),
    ColumnSpec("amount", "money", "Cash ordered by subscriptions, the gross of what left, or the income."),
    ColumnSpec("net", "money", "Cash invested, paid, transferred, or income paid in cash."),
    ColumnSpec("units", "money", "Units issued or cancelled; of income signed."),
    ColumnSpec("fee", "money", "Fees, in cash."),
    ColumnSpec("back_end", "money", "Back-end fees, in cash."),
    ColumnSpec("top_up_fee", "money", "Fees of switches into the fund, in cash."),
    ColumnSpec("fee_to_fund", "money", "What the fund keeps of the fees, in cash."),
    ColumnSpec("fee_to_distributor", "money", "What the distributor gets of the fees, in cash."),
    ColumnSpec("fee_to_manager", "money", "What the manager gets of the fees, in cash."),
    ColumnSpec("refund", "money", "Cash that goes back."),
    ColumnSpec("unpaid", "money", "Change of unpaid income, in cash, signed."),
    ColumnSpec("rounding", "money", "Cash less units times price, exact, which is the fund's."),
)

OBLIGATIONS: Final[Schema] = (
    ColumnSpec("dealing_date", "date", "The dealing day that it comes from."),
    _VALUE_DATE,
    _CURRENCY,
    _NETTING_SET,
    _FUND,
    ColumnSpec("purpose", "text", "subscription, redemption, switch, fee, refund or income."),
    ColumnSpec("payer", "text", "The party that pays."),
    ColumnSpec("payee", "text", "The party that receives."),
    ColumnSpec("amount", "money", "Cash, above zero."),
)

SETTLEMENT: Final[Schema] = (
    _CURRENCY,
    _VALUE_DATE,
    _NETTING_SET,
    ColumnSpec("party", "text", "The party."),
    ColumnSpec("receives", "money", "Cash that it receives."),
    ColumnSpec("pays", "money", "Cash that it pays."),
    ColumnSpec("net", "money", "The difference; above zero it receives."),
)

PAYMENTS: Final[Schema] = (
    _CURRENCY,
    _VALUE_DATE,
    _NETTING_SET,
    ColumnSpec("payer", "text", "The party that pays."),
    ColumnSpec("payee", "text", "The party that receives."),
    ColumnSpec("amount", "money", "Cash, above zero."),
)

POSTINGS: Final[Schema] = (
    _FUND,
    _CURRENCY,
    ColumnSpec("ledger", "text", "money, units or rounding."),
    ColumnSpec("step", "text", "The step of the day that it belongs to."),
    ColumnSpec("account", "text", "The ledger account."),
    ColumnSpec("debit", "money", "Cash."),
    ColumnSpec("credit", "money", "Cash."),
    ColumnSpec("units_debit", "money", "Units."),
    ColumnSpec("units_credit", "money", "Units."),
    ColumnSpec("memo_debit", "money", "Rounding, exact."),
    ColumnSpec("memo_credit", "money", "Rounding, exact."),
)

INCOME: Final[Schema] = (
    _FUND,
    ColumnSpec("date", "date", "The calendar date that the income is of."),
    ColumnSpec("income", "money", "The fund's income of the date, in cash, signed."),
    _optional("entitled", "money", "Units that it is paid on.", None),
    _optional("paid", "money", "What the holders get of it, in cash.", None),
    _optional("kept", "money", "What the fund keeps of it, in cash.", None),
    _optional("per_10k", "money", "Income per 10,000 units.", None),
)
