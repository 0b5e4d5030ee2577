"""The native half of fundclear. Private: use the package `fundclear`.

Columns are one-dimensional int64 arrays of minor units; an operand that is an ``int`` is one amount in minor units.
Roundings are codes 0 to 8, 8 being exact-or-error. A thread count of ``None`` is that of ``FUNDCLEAR_THREADS``, else
of the cores that the process may use.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias, final

import numpy as np
import numpy.typing as npt

__all__ = [
    "ArrowColumn",
    "CompiledTerms",
    "LawEntries",
    "TableFile",
    "TextDictionary",
    "_c_api",
    "absolute",
    "add",
    "allocate",
    "apply_events",
    "arrow_array",
    "arrow_column",
    "arrow_columns",
    "arrow_schema",
    "arrow_stream",
    "arrow_text_array",
    "arrow_text_schema",
    "build_info",
    "check_digits",
    "clear_day",
    "compare",
    "compile_terms",
    "csv_line",
    "decimal_list",
    "divide",
    "fingerprint",
    "float_array",
    "format_list",
    "format_one",
    "gate",
    "generate_day",
    "integers_arrow",
    "key_places",
    "keys_at",
    "label_arrow",
    "label_find",
    "label_keys",
    "label_objects",
    "label_strings",
    "label_text",
    "label_union",
    "min_max",
    "moments_arrow",
    "mul_div",
    "multiply",
    "names",
    "negate",
    "net",
    "net_obligations",
    "ofd_read",
    "ofd_write",
    "parquet_damage",
    "parse_arrow",
    "parse_objects",
    "parse_one",
    "parse_text",
    "parse_whole",
    "part_starts",
    "plan_file",
    "post",
    "read_parquet",
    "read_table_file",
    "redeem",
    "rescale",
    "run_day",
    "settle",
    "seven_day_yield",
    "subscribe",
    "subtract",
    "sum",
    "swing_price",
    "switch",
    "validate",
    "version",
    "write_csv",
    "write_parquet",
    "written_order",
]

_Minor: TypeAlias = npt.NDArray[np.int64]
_Operand: TypeAlias = npt.NDArray[np.int64] | int
_Codes: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.int32]
_Packed: TypeAlias = tuple[_Codes, npt.NDArray[np.int64], npt.NDArray[np.uint8]]

_c_api: Final[object]

@final
class CompiledTerms:
    def __len__(self) -> int: ...

def compile_terms(scales: tuple[int, int, int], plain: Sequence[dict[str, Any]]) -> CompiledTerms: ...
def build_info() -> dict[str, str]: ...
def rescale(
    values: _Operand,
    from_scale: int,
    to_scale: int,
    rounding: int,
    argument: str,
    out: _Minor | None,
    threads: int | None,
) -> _Minor: ...
def add(a: _Operand, b: _Operand, scale: int, out: _Minor | None, threads: int | None) -> _Minor: ...
def subtract(a: _Operand, b: _Operand, scale: int, out: _Minor | None, threads: int | None) -> _Minor: ...
def negate(values: _Operand, out: _Minor | None, threads: int | None) -> _Minor: ...
def absolute(values: _Operand, out: _Minor | None, threads: int | None) -> _Minor: ...
def multiply(
    a: _Operand,
    a_scale: int,
    b: _Operand,
    b_scale: int,
    scale: int,
    rounding: int,
    out: _Minor | None,
    threads: int | None,
) -> _Minor: ...
def divide(
    a: _Operand,
    a_scale: int,
    b: _Operand,
    b_scale: int,
    scale: int,
    rounding: int,
    out: _Minor | None,
    threads: int | None,
) -> _Minor: ...
def mul_div(
    a: _Operand,
    a_scale: int,
    b: _Operand,
    b_scale: int,
    c: _Operand,
    c_scale: int,
    scale: int,
    rounding: int,
    out: _Minor | None,
    threads: int | None,
) -> _Minor: ...
def sum(values: _Minor, threads: int | None) -> int: ...
def min_max(values: _Minor, threads: int | None) -> tuple[int, int] | None: ...
def compare(a: _Operand, b: _Operand, op: int, threads: int | None) -> npt.NDArray[np.bool_]: ...
def check_digits(values: _Minor, argument: str, threads: int | None) -> None: ...
def parse_objects(
    values: Sequence[Any], scale: int | None, rounding: int, argument: str, threads: int | None = ...
) -> tuple[_Minor, int]: ...
def parse_one(
    value: object, scale: int | None, rounding: int, argument: str, threads: int | None = ...
) -> tuple[int, int]: ...
def parse_text(
    array: npt.NDArray[Any], scale: int | None, rounding: int, argument: str, threads: int | None
) -> tuple[_Minor, int]: ...
def parse_whole(values: _Minor, scale: int, argument: str, threads: int | None) -> _Minor: ...
def parse_arrow(
    source: object,
    scale: int | None,
    rounding: int,
    argument: str,
    threads: int | None,
    null_is_zero: bool = ...,
) -> tuple[_Minor, int]: ...
def format_list(values: _Minor, scale: int) -> list[str]: ...
def format_one(value: int, scale: int) -> str: ...
def decimal_list(values: _Minor, scale: int) -> list[Decimal]: ...
def float_array(values: _Minor, scale: int) -> npt.NDArray[np.float64]: ...
def arrow_schema(scale: int, name: str) -> object: ...
def arrow_array(values: _Minor, scale: int, requested: object | None) -> tuple[object, object]: ...
def arrow_stream(
    columns: tuple[str, npt.NDArray[Any] | _Packed, int | str | None]
    | list[tuple[str, npt.NDArray[Any] | _Packed, int | str | None]],
    requested: object | None,
) -> object: ...
def arrow_text_schema() -> object: ...
def arrow_text_array(labels: _Packed, requested: object | None) -> tuple[object, object]: ...

@final
class ArrowColumn:
    @property
    def kind(self) -> str: ...
    @property
    def type_name(self) -> str: ...
    def __len__(self) -> int: ...

def arrow_column(source: object, argument: str) -> ArrowColumn: ...
def arrow_columns(source: object, argument: str) -> list[tuple[str, ArrowColumn]]: ...
def integers_arrow(
    source: object, default: int | None, argument: str, threads: int | None
) -> npt.NDArray[np.int64]: ...
def moments_arrow(
    source: object, wants_days: bool, may_miss: bool, argument: str
) -> tuple[npt.NDArray[np.int64], bool]: ...
def label_arrow(source: object, default: str | None, argument: str, threads: int | None) -> _Packed: ...
def label_text(array: npt.NDArray[Any], argument: str, threads: int | None) -> _Packed: ...
def label_objects(values: Sequence[Any], argument: str) -> _Packed: ...
def label_strings(offsets: npt.NDArray[np.int64], bytes: npt.NDArray[np.uint8], start: int, stop: int) -> list[str]: ...
def label_find(offsets: npt.NDArray[np.int64], bytes: npt.NDArray[np.uint8], wanted: str) -> int | None: ...
def label_union(
    columns: Sequence[_Packed], with_empty: bool, threads: int | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], list[npt.NDArray[np.int64]]]: ...
def label_keys(codes: _Codes, keys: npt.NDArray[np.int64], threads: int | None) -> npt.NDArray[np.int64]: ...
def allocate(
    totals: _Minor,
    scale: int,
    weights: _Minor,
    weight_scale: int,
    policy: int,
    rounding: int,
    groups: _Minor | None,
    tie_key: _Minor | None,
    threads: int | None,
) -> tuple[_Minor, _Minor]: ...

_StoredColumn: TypeAlias = tuple[str, str, npt.NDArray[Any], object]

@final
class TableFile:
    @property
    def columns(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

def read_table_file(
    path: str, format: str, wanted: Sequence[tuple[str, str, int | None]], threads: int | None
) -> TableFile: ...
def csv_line(path: str, row: int) -> int | None: ...
def write_csv(path: str, table: object) -> None: ...
def write_parquet(
    path: str, columns: Sequence[_StoredColumn], about: Sequence[tuple[str, str]], threads: int | None
) -> tuple[int, str]: ...

#: Of fundclear; to be had without numpy.
version: Final[str]
#: What the codes in a day's tables are called: by enumeration, the names whose places are the codes.
names: dict[str, tuple[str, ...]]

@final
class LawEntries:
    def __len__(self) -> int: ...
    def rows(self) -> list[tuple[str, tuple[Any, ...], int, int, int, int]]: ...

def clear_day(
    terms: CompiledTerms,
    tables: dict[str, dict[str, Any] | None],
    fund_days: dict[str, Any],
    incomes: Sequence[tuple[int, int, int]],
    discounts: Sequence[tuple[int, int, int]],
    fund_keys: _Minor,
    fund_names: Sequence[str],
    date: int,
    quantity_scale: int,
    settle_with: Callable[[_Minor, _Minor], tuple[dict[str, Any], Sequence[tuple[int, ...]]]],
    threads: int | None,
) -> dict[str, Any]: ...
def fingerprint(table: str, columns: Sequence[Any], counted: Sequence[int], threads: int | None) -> int: ...
def generate_day(folder: str, plan: dict[str, Any], threads: int | None) -> dict[str, Any]: ...
def keys_at(keys: _Minor, numbers: npt.NDArray[np.uint32], threads: int | None) -> _Minor: ...
def key_places(known: _Minor, keys: _Minor, threads: int | None) -> _Minor: ...
def written_order(
    orders: int, positions: int, accounts: _Minor, keys: Sequence[_Minor | int], threads: int | None
) -> _Minor: ...
def part_starts(accounts: _Minor, bits: int) -> list[int]: ...
def read_parquet(path: str, wanted: list[str] | None = None) -> tuple[list[_StoredColumn], list[tuple[str, str]]]: ...
def parquet_damage(path: str) -> list[str]: ...
def net(
    keys: Sequence[tuple[str, npt.NDArray[np.integer[Any]] | int, _Minor | None]],
    kinds: npt.NDArray[np.integer[Any]] | int,
    directions: Sequence[int],
    quantity: _Minor,
    scale: int,
    threads: int | None,
) -> tuple[list[_Minor], _Minor, _Minor, _Minor]: ...
def net_obligations(
    payer: _Minor,
    payee: _Minor,
    amount: _Minor,
    scale: int,
    by: Sequence[tuple[str, _Minor]],
    threads: int | None,
) -> tuple[tuple[_Minor, _Minor, _Minor], tuple[_Minor, _Minor, _Minor, _Minor]]: ...
def seven_day_yield(
    per_10k: _Minor, scale: int, yield_scale: int, rounding: int, compounding: bool, threads: int | None
) -> _Minor: ...
def subscribe(
    terms: CompiledTerms,
    leg: tuple[Any, _Operand, bool],
    amounts: _Operand,
    discounts: _Operand,
    back_end: bool,
    describe: Callable[[str, int], tuple[str, str]],
    out: list[_Minor] | None,
    threads: int | None,
) -> list[_Minor]: ...
def redeem(
    terms: CompiledTerms,
    leg: tuple[Any, _Operand, bool],
    units: _Operand,
    held_days: _Operand,
    bought_at: _Operand | None,
    describe: Callable[[str, int], tuple[str, str]],
    out: list[_Minor] | None,
    threads: int | None,
) -> list[_Minor]: ...
def switch(
    terms: CompiledTerms,
    leg: tuple[Any, _Operand, bool],
    target: tuple[Any, _Operand, bool],
    units: _Operand,
    held_days: _Operand,
    bought_at: _Operand | None,
    rates_paid: _Operand,
    describe: Callable[[str, int], tuple[str, str]],
    out: list[_Minor] | None,
    threads: int | None,
) -> list[_Minor]: ...
def gate(
    units: _Minor,
    scale: int,
    portfolio: _Operand,
    portfolios: Sequence[tuple[Any, ...]],
    id: _Operand | None,
    distributor: _Operand,
    since: _Operand,
    threads: int | None,
) -> tuple[_Minor, list[bool], list[int]]: ...
def swing_price(
    nav: _Operand,
    scale: int,
    flow: _Operand,
    assets: _Operand,
    flow_scale: int,
    swings: Sequence[tuple[int, ...]],
    which: _Operand,
    day: _Operand,
    rounding: int,
    threads: int | None,
) -> tuple[npt.NDArray[np.uint8], _Minor]: ...
def validate(
    terms: CompiledTerms,
    tables: dict[str, dict[str, Any] | None],
    fund_days: dict[str, Any],
    incomes: Sequence[tuple[int, int, int]],
    discounts: Sequence[tuple[int, int, int]],
    fund_keys: _Minor,
    fund_names: Sequence[str],
    date: int,
    quantity_scale: int,
    threads: int | None,
) -> tuple[dict[str, Any], _Minor, _Minor]: ...
def apply_events(
    terms: CompiledTerms,
    tables: dict[str, dict[str, Any] | None],
    fund_days: dict[str, Any],
    fund_keys: _Minor,
    fund_names: Sequence[str],
    date: int,
    threads: int | None,
) -> tuple[dict[str, Any], dict[str, Any], _Minor, npt.NDArray[np.uint8], _Minor, _Minor]: ...
def settle(obligations: dict[str, Any], scale: int, date: int, threads: int | None) -> list[dict[str, Any]]: ...
def post(
    terms: CompiledTerms,
    flows: dict[str, Any],
    events: dict[str, Any] | None,
    settled: dict[str, Any] | None,
    custody: Sequence[int],
    date: int,
    threads: int | None,
) -> dict[str, Any]: ...
def ofd_read(
    source: bytes | str,
    name: str,
    dictionary: Mapping[str, Sequence[tuple[str, str, int, int]]],
    all: bool,
    threads: int | None,
) -> tuple[int, list[str], list[tuple[str, Any]], tuple[list[int], list[str], list[str]]]: ...
def ofd_write(
    version: int,
    texts: Sequence[str],
    fields: Sequence[tuple[str, str, int, int]],
    columns: Sequence[Any],
    rows: int,
    threads: int | None,
) -> bytes: ...

@final
class TextDictionary:
    def keys(self, offsets: npt.NDArray[np.int64], bytes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]: ...
    def text(self, key: int) -> str: ...
    def key(self, text: str) -> int | None: ...

def plan_file(
    path: str, wanted: list[str], others: list[str]
) -> tuple[int, list[tuple[str, int | None, int] | None]]: ...
def run_day(
    asked: dict[str, Any],
    terms: CompiledTerms,
    understand: Callable[[dict[str, Any]], dict[str, Any]],
    settle_with: Callable[[Any, Any], tuple[dict[str, Any], list[tuple[int, ...]], dict[str, Any]]],
    progress: Callable[[str, int, int, int, int], object] | None,
    place: tuple[str, str, str],
    memory: int,
    threads: int | None,
) -> dict[str, Any]: ...
