"""The tables of a clearing day, each with the columns that its schema names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import Parameter, Signature
from typing import Any, ClassVar, Final, Self, TypeVar, final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel, schemas
from fundclear.amounts import show
from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.fixed import Fixed
from fundclear.reading import is_of_kind, read_column, read_columns
from fundclear.schemas import ColumnSpec, Schema
from fundclear.table import Column, Table, read_only, rebuild

__all__ = [
    "Column",
    "Confirmations",
    "Events",
    "Flows",
    "FundDays",
    "Income",
    "Lots",
    "Obligations",
    "Orders",
    "Payments",
    "Positions",
    "Postings",
    "Settlement",
    "Table",
    "TypedTable",
    "taken",
]

_T = TypeVar("_T", bound="TypedTable")


class TypedTable(Table):
    """A table with the columns of a schema: those that it requires are there, and no others than it names.

    Made by its own constructor from columns by name: lists, numpy arrays, Series, Arrow arrays, or one value for all
    rows; or by :meth:`from_arrow` from a whole frame.
    """

    __slots__ = ()

    #: The columns that such a table has or may have.
    columns_of: ClassVar[Schema] = ()
    _names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._names = tuple(spec.name for spec in cls.columns_of)
        if "__init__" not in cls.__dict__:
            cls.__signature__ = _signature(cls.columns_of)  # type: ignore[attr-defined]

    def __init__(self, **columns: Any) -> None:
        self._read({name: values for name, values in columns.items() if values is not None}, nulls=False)

    @classmethod
    def from_columns(cls, columns: Mapping[str, Column], utc: Iterable[str] = ()) -> Self:
        """The table over columns that are in order already: nothing is copied or read.

        Args:
            columns: by name, of the types that the schema's kinds mean.
            utc: the names of columns of instants that are of UTC.

        Raises:
            InputError: a column that the schema does not name, or one that it requires is missing (``column``).
            InputTypeError: a column is of another type than its kind (``dtype``).
        """
        specs = {spec.name: spec for spec in cls.columns_of}
        for name, column in columns.items():
            if name not in specs:
                raise refuse("column", argument=name, why=f"{cls.__name__} have no such column")
            if not is_of_kind(column, specs[name].kind):
                raise refuse("dtype", argument=name, value=type(column).__name__, wanted=specs[name].kind)
        cls._check_required(columns)
        return rebuild(cls, {name: columns[name] for name in specs if name in columns}, utc)

    @classmethod
    def _of_kernel(cls, columns: Mapping[str, Column], utc: Iterable[str] = ()) -> Self:
        """The table over columns that the kernel made: a small day would spend more on checking them than on itself."""
        table = object.__new__(cls)
        table._fill({name: read_only(columns[name]) for name in cls._names if name in columns}, utc)
        return table

    @classmethod
    def empty(cls) -> Self:
        """The table without rows; it has the columns that the schema requires."""
        return cls(**{spec.name: [] for spec in cls.columns_of if spec.required})

    @classmethod
    def from_arrow(cls, source: Any, columns: Mapping[str, str] | None = None, *, threads: int | None = None) -> Self:
        """The table read from a frame: anything with ``__arrow_c_stream__``, in any layout of texts.

        A null in a column that has a default means that nothing is given there; any other null is refused. Columns
        that the schema does not name are not read; one that looks like a misspelt name is refused.

        Args:
            source: a pyarrow, Polars, pandas or DuckDB table, or a table of this package.
            columns: by the schema's name, what the frame calls the column.
            threads: how many threads may work.

        Raises:
            InputError: a column is missing, or its name is (``column``); a value is (``null``), or is not what the
                column holds.
            InputTypeError: a column is of another type (``dtype``, ``label``, ``float``).
        """
        given = _renamed(cls, source, columns or {}, {spec.name for spec in cls.specs_of_frames()})
        table = object.__new__(cls)
        table._read(given, nulls=True, threads=threads)
        return table

    @classmethod
    def specs_of_frames(cls) -> Schema:
        """The columns that :meth:`from_arrow` reads."""
        return cls.columns_of

    def with_columns(self, **columns: Any) -> Self:
        """The table with these columns in the place of its own, or beside them."""
        specs = {spec.name: spec for spec in self.columns_of}
        made, utc = dict(self._columns), set(self._utc)
        for name, values in columns.items():
            if name not in specs:
                raise refuse("column", argument=name, why=f"{type(self).__name__} have no such column")
            made[name], is_utc = read_column(specs[name], values, False, None)
            utc = utc | {name} if is_utc else utc - {name}
        return rebuild(type(self), {name: made[name] for name in specs if name in made}, utc)

    def _read(self, given: Mapping[str, Any], *, nulls: bool, threads: int | None = None) -> None:
        """Fills a new table."""
        specs = {spec.name: spec for spec in self.columns_of}
        unknown = next((name for name in given if name not in specs), None)
        if unknown is not None:
            raise TypeError(f"{type(self).__name__}() got an unexpected keyword argument {unknown!r}")
        self._check_required(given)
        made, utc = read_columns([(spec, given[name]) for name, spec in specs.items() if name in given], nulls, threads)
        self._set(made, utc)

    @classmethod
    def _check_required(cls, given: Iterable[str]) -> None:
        missing = [spec.name for spec in cls.columns_of if spec.required and spec.name not in given]
        if missing:
            raise refuse("column", argument=missing[0], why=f"{cls.__name__} need this column, and it is not given")


# ---- reading ----


def _signature(schema: Schema) -> Signature:
    required, absent = Parameter.empty, None
    return Signature(
        [Parameter(spec.name, Parameter.KEYWORD_ONLY, default=required if spec.required else absent) for spec in schema]
    )


def _renamed(cls: type[TypedTable], source: Any, columns: Mapping[str, str], names: set[str]) -> dict[str, Any]:
    """The columns of a frame by the schema's names."""
    found: dict[str, Any] = {}
    for name, column in _kernel.arrow_columns(source, "source"):
        if name in found:
            raise refuse("column", argument=name, why="the frame has two columns of this name")
        found[name] = column
    for name, theirs in columns.items():
        if name not in names:
            raise refuse("column", argument=name, why=f"{cls.__name__} have no such column; there are {_listed(names)}")
        if theirs not in found:
            raise refuse("column", argument=theirs, why=f"the frame has no such column; there are {_listed(found)}")
    from difflib import get_close_matches

    taken = set(columns.values())
    given = {name: found[columns.get(name, name)] for name in names if columns.get(name, name) in found}
    for name in found:
        if name not in names and name not in taken:
            near = get_close_matches(name, names - set(given), 1, 0.8)
            if near:
                why = f"is it the column {near[0]!r}? It would not be read"
                raise refuse("column", argument=name, why=why)
    return given


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


# ---- orders ----

#: The kinds that are dealt, by their codes in the exchange's files.
_KINDS: Final = {"022": "subscribe", "039": "periodic", "024": "redeem", "036": "switch"}

_CASH_KINDS: Final = ("subscribe", "periodic")
_UNIT_KINDS: Final = ("redeem", "switch")

_AMOUNT: Final = ColumnSpec("amount", "money", "Cash of subscriptions.", False, 0)
_UNITS: Final = ColumnSpec("units", "money", "Units of redemptions and switches.", False, 0)


@final
class Orders(TypedTable):
    """The orders of a day.

    Args:
        account: the holders' accounts.
        fund: the funds, as the terms name them; integers or texts, but the same everywhere.
        kind: ``"subscribe"``, ``"periodic"``, ``"redeem"`` or ``"switch"``, or the codes 022, 039, 024 and 036 of the
            exchange's files; one for all orders, or a column. Other texts are taken, and rejected by the day.
        amount: the cash of subscriptions. With ``units`` beside it each order uses the one of its kind, and the other
            must be zero.
        units: the units of redemptions and switches.
        quantity: instead of both, cash or units as the kind says.
        order_id: unique within a distributor; without it every row is an order of its own.
        distributor: who sent the order.
        transaction_account: the holders' accounts with the distributor.
        placed_at: when the orders were placed, with time zones or without; without it they belong to the day.
        target_fund: where switches go.
        on_gate: what a gate leaves of an order: ``"defer"`` (1) or ``"cancel"`` (0).
        charge: how the class is charged: ``"front"`` or ``"back"``.
        discount: an order's own factor on the rate of the fee; zero: none given.
        rate: an order's own rate, such as ``"0.015"``; zero: none given.
        fee: an order's own flat fee in cash; zero: none given.

    Raises:
        InputError: a row has the wrong measure (``measure``) or flag (``choice``); a column that is needed is missing
            (``column``); columns of different lengths (``length``).
        InputTypeError: a column is of a type that it cannot be read from.

    >>> orders = Orders(account=["A", "B"], fund="000198", kind=["022", "redeem"], quantity=["100.00", "7.5"])
    >>> orders
    account fund   kind      quantity
    A       000198 subscribe   100.00
    B       000198 redeem        7.50
    [2 rows, 4 columns]
    """

    __slots__ = ()

    columns_of = schemas.ORDERS

    def __init__(
        self,
        *,
        account: Any,
        fund: Any,
        kind: Any,
        amount: Any = None,
        units: Any = None,
        quantity: Any = None,
        order_id: Any = None,
        distributor: Any = None,
        transaction_account: Any = None,
        placed_at: Any = None,
        target_fund: Any = None,
        on_gate: Any = "defer",
        charge: Any = "front",
        discount: Any = None,
        rate: Any = None,
        fee: Any = None,
    ) -> None:
        given = {
            "account": account,
            "fund": fund,
            "kind": kind,
            "amount": amount,
            "units": units,
            "quantity": quantity,
            "order_id": order_id,
            "distributor": distributor,
            "transaction_account": transaction_account,
            "placed_at": placed_at,
            "target_fund": target_fund,
            "on_gate": None if isinstance(on_gate, str) and on_gate == "defer" else on_gate,
            "charge": None if isinstance(charge, str) and charge == "front" else charge,
            "discount": discount,
            "rate": rate,
            "fee": fee,
        }
        self._take({name: values for name, values in given.items() if values is not None}, nulls=False)

    @classmethod
    def specs_of_frames(cls) -> Schema:
        """The columns of the schema, and ``amount`` and ``units``, which may stand for ``quantity``."""
        return (*cls.columns_of, _AMOUNT, _UNITS)

    @classmethod
    def from_arrow(
        cls,
        source: Any,
        columns: Mapping[str, str] | None = None,
        *,
        kinds: Mapping[str, str] | None = None,
        threads: int | None = None,
    ) -> Orders:
        """The orders of a frame, which has ``quantity``, or ``amount`` and ``units``; see the base class.

        Args:
            source: anything with ``__arrow_c_stream__``.
            columns: by our name, what the frame calls the column.
            kinds: what the frame's kinds mean, such as ``{"B": "subscribe"}``.
            threads: how many threads may work.
        """
        given = _renamed(cls, source, columns or {}, {spec.name for spec in cls.specs_of_frames()})
        table = object.__new__(cls)
        table._take(given, nulls=True, kinds=kinds or {}, threads=threads)
        return table

    def _take(
        self,
        given: Mapping[str, Any],
        *,
        nulls: bool,
        kinds: Mapping[str, str] | None = None,
        threads: int | None = None,
    ) -> None:
        measures = [name for name in ("amount", "units") if name in given]
        if ("quantity" in given) == bool(measures):
            raise refuse("column", argument="quantity", why="give either quantity, or amount and units or one of them")
        specs = [spec for spec in self.specs_of_frames() if spec.name in given]
        self._check_required({*given, "quantity"})
        made, utc = read_columns([(spec, given[spec.name]) for spec in specs], nulls, threads)
        kind = made["kind"]
        assert isinstance(kind, Labels)
        made["kind"] = kind = kind.replaced(kinds or {}).replaced(_KINDS)
        if measures:
            # Columns of different lengths are found before any two of them are compared.
            self._set(dict(made), utc)
            made["quantity"] = _quantity(kind, made.get("amount"), made.get("units"))
        self._set({spec.name: made[spec.name] for spec in self.columns_of if spec.name in made}, utc)


def _quantity(kind: Labels, amount: Any, units: Any) -> Fixed:
    """Of each order the measure of its kind; the other one must be zero."""
    given = [column for column in (amount, units) if column is not None]
    scale = max(column.scale for column in given)
    zeros = Fixed.from_minor(np.zeros(len(kind), dtype=np.int64), scale)
    cash = zeros if amount is None else amount.rescale(scale)
    held = zeros if units is None else units.rescale(scale)
    _refuse_other(kind, _CASH_KINDS, "units", units, "cash")
    _refuse_other(kind, _UNIT_KINDS, "amount", amount, "units")
    if amount is None or units is None:
        return held if amount is None else cash
    is_inward = _any_of(kind, _CASH_KINDS)
    # What is of no kind that is dealt is rejected by the day, with whatever it gave.
    is_other = ~(is_inward | _any_of(kind, _UNIT_KINDS))
    either = np.where(is_inward | (is_other & (held.minor == 0)), cash.minor, held.minor)
    return Fixed.from_minor(either, scale)


def _refuse_other(kind: Labels, kinds: tuple[str, ...], name: str, column: Fixed | None, wanted: str) -> None:
    if column is None:
        return
    wrong = _any_of(kind, kinds) & (column.minor != 0)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise refuse("measure", argument=name, row=row, value=str(column[row]), kind=kind[row], wanted=wanted)


def _any_of(labels: Labels, texts: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Where one of these texts stands."""
    wanted = np.array([text in texts for text in labels.dictionary], dtype=np.bool_)
    return wanted[labels.codes] if len(wanted) else np.zeros(len(labels), dtype=np.bool_)


# ---- the others ----


@final
class Positions(TypedTable):
    """The register: who holds how many units, and at the end of a day what moved them."""

    __slots__ = ()
    columns_of = schemas.POSITIONS


@final
class Lots(TypedTable):
    """The lots of positions, for funds with holding periods or back-end fees."""

    __slots__ = ()
    columns_of = schemas.LOTS


@final
class Events(TypedTable):
    """Events of the register: freezes, transfers, forced credits and debits, dividend options."""

    __slots__ = ()
    columns_of = schemas.EVENTS


@final
class FundDays(TypedTable):
    """What a day brings for each fund: its price, and what was decided."""

    __slots__ = ()
    columns_of = schemas.FUND_DAYS


@final
class Confirmations(TypedTable):
    """One row for every order received, with what became of it."""

    __slots__ = ()
    columns_of = schemas.CONFIRMATIONS


@final
class Flows(TypedTable):
    """What went in and out, by fund, distributor and kind."""

    __slots__ = ()
    columns_of = schemas.FLOWS


@final
class Obligations(TypedTable):
    """Who owes whom how much cash, and when."""

    __slots__ = ()
    columns_of = schemas.OBLIGATIONS


@final
class Settlement(TypedTable):
    """What each party receives and pays, by currency, value date and netting set."""

    __slots__ = ()
    columns_of = schemas.SETTLEMENT


@final
class Payments(TypedTable):
    """The payments that settle the net positions."""

    __slots__ = ()
    columns_of = schemas.PAYMENTS


@final
class Postings(TypedTable):
    """The entries of the ledgers: money, units, rounding."""

    __slots__ = ()
    columns_of = schemas.POSTINGS


@final
class Income(TypedTable):
    """The income distributed, by fund and calendar date."""

    __slots__ = ()
    columns_of = schemas.INCOME


def taken(kind: type[_T], given: Any) -> _T:
    """A table of this kind: itself, or read from whatever speaks Arrow."""
    if isinstance(given, kind):
        return given
    if isinstance(given, Table) or hasattr(given, "__arrow_c_stream__"):
        return kind.from_arrow(given)
    why = f"it is no {kind.__name__} and has no __arrow_c_stream__"
    raise refuse("argument", argument=kind.__name__.lower(), value=show(given), why=why)
