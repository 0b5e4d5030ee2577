"""The exception tree of fundclear, and the one table of everything it can say.

Each error is declared once, here: its code, its class, its sentence and its cure. Native code passes a code and
facts; :func:`refuse` makes the exception.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

__all__ = [
    "CODES",
    "AmountOverflowError",
    "DivisionByZeroError",
    "FundclearError",
    "InexactError",
    "InputError",
    "InputTypeError",
    "LawError",
    "MissingPackageError",
]


class FundclearError(Exception):
    """Base of every error that fundclear raises on purpose.

    Attributes:
        code: stable lower-case name of the reason, a key of :data:`CODES`.
        argument: the argument or column at fault, if one is.
        row: the row at fault, counted from zero, if one is.
        value: what stood there, as text, if known.
    """

    code: str
    argument: str | None
    row: int | None
    value: str | None

    def __init__(
        self,
        message: str,
        code: str,
        argument: str | None = None,
        row: int | None = None,
        value: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.argument = argument
        self.row = row
        self.value = value

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (*self.args, self.code, self.argument, self.row, self.value)


class InputError(FundclearError, ValueError):
    """A value, a length, a scale or a name is not one that the call can take."""


class InputTypeError(FundclearError, TypeError):
    """An object of a type that cannot hold money exactly, or not a column at all."""


class InexactError(FundclearError, ArithmeticError):
    """Digits would be lost and the call named no rounding mode."""


class AmountOverflowError(FundclearError, OverflowError):
    """A value or a result has more than 18 digits."""


class DivisionByZeroError(FundclearError, ZeroDivisionError):
    """A divisor is zero."""


class LawError(FundclearError, ArithmeticError):
    """A conservation law does not hold. The step returned nothing; this is a defect of fundclear, please report it."""


class MissingPackageError(FundclearError, ImportError):
    """A call needs a package that is not installed; ``name`` is the package's, and the cure names the extra."""

    def __init__(
        self,
        message: str,
        code: str,
        argument: str | None = None,
        row: int | None = None,
        value: str | None = None,
    ) -> None:
        super().__init__(message, code, argument, row, value)
        self.name = value


class ErrorCode(NamedTuple):
    """One row of :data:`CODES`: the class raised, the sentence (a format string) and the cure."""

    raises: type[FundclearError]
    says: str
    cure: str


#: Every code, with the class it raises, its sentence and its cure.
CODES: Final[dict[str, ErrorCode]] = {
    "float": ErrorCode(
        InputTypeError,
        "{place} is a float ({value}); a float cannot hold money exactly",
        "pass str, Decimal or int; to convert floats on purpose, format them first",
    ),
    "bool": ErrorCode(InputTypeError, "{place} is a bool ({value}), not an amount", "pass str, Decimal or int"),
    "null": ErrorCode(InputError, "{place} is missing (null)", "fill or drop the missing rows first"),
    "nan": ErrorCode(InputError, "{place} is not a number ({value})", "fill or drop the row first"),
    "infinity": ErrorCode(InputError, "{place} is infinite ({value})", "fill or drop the row first"),
    "empty": ErrorCode(InputError, "{place} is an empty text", "fill or drop the row first"),
    "stray": ErrorCode(
        InputError,
        "{place} is {value}, which is not a plain decimal number: stray character at position {position}",
        "write digits with at most one point and one leading sign: no blanks, separators, currency or exponent",
    ),
    "type": ErrorCode(InputTypeError, "{place} is {value}, which is not an amount", "pass str, bytes, Decimal or int"),
    "label": ErrorCode(
        InputTypeError, "{place} is {value}, which is neither an integer nor a text", "pass integers or texts only"
    ),
    "text": ErrorCode(
        InputError,
        "{place} is {value}, which is not valid Unicode or ends with a zero character",
        "repair or drop the row first",
    ),
    "too-many-texts": ErrorCode(
        InputError, "{place}: a column has at most 2,147,483,647 distinct texts", "pass integers, or fewer rows"
    ),
    "labels-constructor": ErrorCode(
        InputTypeError, "Labels are not made by calling the class", "call Labels.of() or Labels.from_codes()"
    ),
    "column": ErrorCode(
        InputError, "{place}: {why}", "pass the columns of the table's schema; columns= renames those of a frame"
    ),
    "measure": ErrorCode(
        InputError,
        "{place} is {value}, but a {kind} order is dealt in {wanted}",
        "give cash in amount for subscriptions and units in units for redemptions and switches, zero in the other",
    ),
    "choice": ErrorCode(InputError, "{place} is {value}, which is none of {known}", "write one of them"),
    "date": ErrorCode(
        InputError,
        "{place} is {value}, which is not {wanted}",
        "write dates as 2017-04-27 and instants as 2017-04-27T14:59:59 with at most six decimals",
    ),
    "time-zone": ErrorCode(
        InputError,
        "{place} is {value}: a column of instants has a time zone in every row or in none",
        "give all of them a time zone, or convert all of them to local time",
    ),
    "dtype": ErrorCode(InputTypeError, "{place} has dtype {value}, {wanted} is wanted", "convert the array first"),
    "no-array": ErrorCode(
        InputTypeError,
        "{place} is {value}, minor units are a numpy array of int64",
        "pass np.array(..., dtype=np.int64); amounts, not minor units, go through Fixed.parse",
    ),
    "array-dtype": ErrorCode(
        InputTypeError,
        "{place} is {value}, but numpy sees a Fixed as an object array of Decimals",
        "take .minor for the int64 minor units, or to_float() for charts",
    ),
    "byte-order": ErrorCode(
        InputTypeError,
        "{place} has dtype {value}, which is not in this machine's byte order",
        "convert with array.astype(array.dtype.newbyteorder('='))",
    ),
    "dimensions": ErrorCode(
        InputError, "{place} has {value} dimensions, a column has one", "reshape it to one dimension first"
    ),
    "length": ErrorCode(
        InputError, "{place} has {value} rows where {wanted} are wanted", "pass columns of one length, or a scalar"
    ),
    "scale-mismatch": ErrorCode(
        InputError, "{place} has scale {value} where {wanted} is wanted", "bring both to one scale with rescale() first"
    ),
    "scale-range": ErrorCode(InputError, "{place} is {value}, a scale is 0 to 18", "pass a scale from 0 to 18"),
    "scale-type": ErrorCode(InputTypeError, "{place} is {value}, a scale is an int", "pass an int from 0 to 18"),
    "rounding": ErrorCode(InputError, "{place} is {value}, which names no rounding mode", "pass one of {known}"),
    "policy": ErrorCode(InputError, "{place} is {value}, which names no policy", "pass one of {known}"),
    "constructor": ErrorCode(
        InputTypeError, "a Fixed is not made by calling the class", "call Fixed.parse() or Fixed.from_minor()"
    ),
    "operator": ErrorCode(
        InputTypeError,
        "x {value} y does not say at which scale and how its result is rounded",
        "call x.{method}(y, scale, rounding)",
    ),
    "no-rows": ErrorCode(InputError, "{place} has no rows, so it has no {wanted} value", "look at len() first"),
    "argument": ErrorCode(InputError, "{place} is {value}: {why}", "see the call's documentation"),
    "threads": ErrorCode(InputError, "{place} is {value}, a thread count is a whole number from 1", "pass 1 or more"),
    "out": ErrorCode(
        InputError, "{place} cannot take the result: {why}", "pass a writable Fixed of the result's shape"
    ),
    "inexact": ErrorCode(
        InexactError,
        "{place}: {value} has digits beyond scale {scale}",
        "round on purpose first, by naming a rounding mode",
    ),
    "overflow": ErrorCode(
        AmountOverflowError, "{place}: {value} has more than 18 digits at scale {scale}", "use a smaller scale"
    ),
    "digits": ErrorCode(
        AmountOverflowError,
        "{place} is {value} in minor units, more than 18 digits",
        "check where the column comes from",
    ),
    "division-by-zero": ErrorCode(DivisionByZeroError, "{place}: {value} divides by zero", "exclude the row first"),
    "no-weights": ErrorCode(InputError, "{place}: there is no weight to share by", "pass at least one weight"),
    "negative-weight": ErrorCode(InputError, "{place} is a negative weight ({value})", "pass weights of zero or more"),
    "negative-amount": ErrorCode(
        InputError,
        "{place} is a negative amount ({value})",
        "swap payer and payee and pass the amount without its sign",
    ),
    "zero-weights": ErrorCode(
        InputError, "{place}: all weights are zero and the total {value} is not", "pass a weight above zero"
    ),
    "group-range": ErrorCode(
        InputError, "{place} is group {value}, groups are 0 to {last}", "number the groups as the totals' rows"
    ),
    "fund-unknown": ErrorCode(InputError, "{place} names {value}, which the terms do not", "add the fund's terms"),
    "price-missing": ErrorCode(InputError, "{place}: fund {value} has none", "give every fund of the terms its price"),
    "price-zero": ErrorCode(InputError, "{place}: {value} is not above zero", "check where the prices come from"),
    "price-twice": ErrorCode(InputError, "{place}: fund {value} stands in more than one row", "keep one row a fund"),
    "income-policy": ErrorCode(
        InputError, "{place}: fund {value} distributes no income", "give the fund an income policy in its terms"
    ),
    "positions-needed": ErrorCode(
        InputError, "{value} need positions, and none are given", "pass positions=, the register at the opening"
    ),
    "untied": ErrorCode(
        InputError,
        "{place} are not those that the day before left: their fingerprint is {value}, not {left}",
        "pass the tables of the day before unchanged, or leave them out and pass previous=day",
    ),
    "plot": ErrorCode(
        InputError, "{place} cannot be drawn: {why}", "narrow the figure by fund= or currency=, or look at the table"
    ),
    "extra": ErrorCode(
        MissingPackageError,
        "{place} needs the package {value}, which is not installed",
        'pip install "fundclear[{extra}]"',
    ),
    "rejections": ErrorCode(InputError, "{place}: {value} rejected", "look at the rejections of the day"),
    "explain": ErrorCode(InputError, "nothing can be explained: {why}", "name what stands in the day's tables"),
    "folder": ErrorCode(InputError, "{place} is not the folder of a day: {why}", "name a folder that write() has made"),
    "folder-exists": ErrorCode(
        InputError, "{place} exists and is not empty", "name a new folder; a finished day is never written over"
    ),
    "run-files": ErrorCode(InputError, "there are no files of {place} in {value}", "name files, a folder or a pattern"),
    "run-locked": ErrorCode(InputError, "another run is at work on {place}", "wait for it, or stop it"),
    "run-inputs": ErrorCode(
        InputError, "{place} was begun with other inputs: {why}", "name another folder, or remove the unfinished run"
    ),
    "run-memory": ErrorCode(
        InputError,
        "the {value} distinct texts of {place} need {needed} bytes, and of the memory of the run {memory} are for them",
        "give the run more memory, or use integers or digits of one width",
    ),
    "run-entitled": ErrorCode(
        InputError, "{place} with a column 'entitled' cannot be held against the day before", "leave previous out"
    ),
    "file": ErrorCode(
        InputError, "the file {place} cannot be read or written: {why}", "check where the file comes from"
    ),
    "prices-file": ErrorCode(
        InputError, "{place}: {why}", "correct the file; its keys are date, prices, income, decisions"
    ),
    "orders-file": ErrorCode(
        InputError, "{place} is of type {value}, not a file of orders (03)", "name the files of orders"
    ),
    "file-date": ErrorCode(
        InputError, "{place} is of {value}, and {other} of {date}", "name the files of one dealing day, and that day"
    ),
    "file-funds": ErrorCode(
        InputError, "{place} speaks of no fund of the terms, but of {value}", "name the terms of the file's funds"
    ),
    "verification": ErrorCode(
        InputError,
        "{place} is not the day that was cleared: {value} findings, the first is {first}",
        "look at the findings; take the folder from where it was first written, or clear the day again",
    ),
    "ofd": ErrorCode(InputError, "{where}: {why}", "have the file sent again, or correct it there"),
    "ofd-value": ErrorCode(
        InputError, "{place} is {value}, which the file cannot hold: {why}", "shorten or correct the value"
    ),
    "duplicate-position": ErrorCode(
        InputError, "{place}: two positions have the same key", "keep one row for each position"
    ),
    "position-fund": ErrorCode(InputError, "{place}: the position's fund is not in the terms", "add the fund's terms"),
    "position": ErrorCode(
        InputError,
        "{place}: a position's figures contradict each other ({value})",
        "pass units that are not negative and at least frozen + pending",
    ),
    "pending": ErrorCode(
        InputError,
        "{place}: pending units are not those of the deferred orders ({value})",
        "pass yesterday's positions and deferred orders together",
    ),
    "lots": ErrorCode(
        InputError, "{place}: lots and positions do not tie ({value})", "pass yesterday's positions and lots together"
    ),
    "duplicate-order": ErrorCode(
        InputError, "{place}: two deferred or carried orders have one id", "pass yesterday's deferred orders once"
    ),
    "gate-decision": ErrorCode(
        InputError,
        "{place}: the gate of fund {value} trips and nothing is decided",
        "decide, or give the gate a default",
    ),
    "price": ErrorCode(
        InputError, "{place}: a price is not above zero ({value})", "check the NAV and the swing factors"
    ),
    "income-units": ErrorCode(
        InputError, "{place}: there is income ({value}) and nobody is entitled to it", "pass entitled units"
    ),
    "total-loss": ErrorCode(
        InputError,
        "{place} is {value}: a loss of everything or more has no annual yield",
        "check the income of the day",
    ),
    "order-kind": ErrorCode(
        InputError,
        "{place} is {value}, a kind of order that is not netted",
        "pass orders that subscribe, redeem or switch only",
    ),
    "terms": ErrorCode(InputError, "{place}: {why}", "correct the terms; each setting is described with Fund"),
    "calendar": ErrorCode(InputError, "{place}: {value}: {why}", "list the year's holidays in the calendar"),
    "identifier-kind": ErrorCode(
        InputTypeError,
        "{place} mixes integers and texts: {value}",
        "pass identifiers of one kind everywhere: 198 and '000198' are two",
    ),
    "unknown-fund": ErrorCode(
        InputError, "{place} is {value}, a fund that is not in the terms", "add the fund's terms"
    ),
    "no-price": ErrorCode(InputError, "{place}: fund {value} has no price", "pass a price for every fund of the rows"),
    "dealing-price": ErrorCode(
        InputError,
        "{place} is {value}, a price is above zero and has the fund's decimals",
        "check where the price comes from",
    ),
    "quantity-not-positive": ErrorCode(
        InputError, "{place} is {value}, an order is of more than zero", "drop the row first"
    ),
    "quantity-precision": ErrorCode(
        InputError, "{place} is {value}, which has more decimals than the fund's", "round on purpose first"
    ),
    "discount": ErrorCode(
        InputError, "{place} is {value}, a discount is a factor from 0 to 1 on the rate", "pass 0.1 for a tenth"
    ),
    "charge-class": ErrorCode(
        InputError, "{place}: the fund has no back-end fee", "pass charge='front', or give the fund a back_end_fee"
    ),
    "fee-exceeds-amount": ErrorCode(
        InputError, "{place}: the fee takes all of {value}", "drop the row first; a clearing day rejects it"
    ),
    "zero-units": ErrorCode(
        InputError, "{place}: {value} buys no unit", "drop the row first; a clearing day rejects it"
    ),
    "target-currency": ErrorCode(
        InputError, "{place}: the target's currency is another than the fund's", "drop the row first"
    ),
    "law": ErrorCode(LawError, "law {law} does not hold: {value}", "nothing was returned; please report this defect"),
}


def refuse(
    code: str, *, argument: str | None = None, row: int | None = None, value: str | None = None, **facts: object
) -> FundclearError:
    """The exception of a code of :data:`CODES`, its sentence filled with the facts. The caller raises it."""
    entry = CODES[code]
    if row is None:
        place = argument or "the call"
    else:
        place = f"row {row}" if argument is None else f"{argument}[{row}]"
    sentence = entry.says.format(place=place, value=value, **facts)
    cure = entry.cure.format(**facts)
    return entry.raises(f"{sentence} [{code}]. Cure: {cure}.", code, argument, row, value)
