"""How the settings of terms are read and written: each kind checks what it is given and keeps one exact form of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from operator import index as as_index
from typing import Any, ClassVar, Final, NamedTuple, Self, TypeAlias

import numpy as np

from fundclear import _kernel
from fundclear.amounts import show
from fundclear.errors import FundclearError, InputError, refuse
from fundclear.rounding import EXACT, Rounding

__all__ = ["Amount", "Id", "Rate"]

#: An identifier: an integer or a text, which comes back as it came.
Id: TypeAlias = int | str

#: An exact amount of cash or units.
Amount: TypeAlias = str | Decimal | int

#: An exact rate or share, as a percentage (``"1.5%"``) or as a part of one (``"0.015"``).
Rate: TypeAlias = str | Decimal | int

#: Decimal places of rates, discounts, shares and thresholds.
RATE_PLACES: Final = 8

_INT64: Final = np.iinfo(np.int64)
_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)

# No setting equals it.
_NOTHING: Final = object()


# ---- errors that say where ----


@contextmanager
def within(where: str) -> Iterator[None]:
    """Puts in front of an error's place what the place is a part of."""
    try:
        yield
    except FundclearError as error:
        argument = where if error.argument is None else f"{where}: {error.argument}"
        raise type(error)(f"{where}: {error}", error.code, argument, error.row, error.value) from None


def wrong(name: str, why: str, value: object = None) -> FundclearError:
    """The error of a setting that stands for itself or against another one; the caller raises it."""
    return refuse("terms", argument=name, why=why, value=None if value is None else show(value))


# ---- numbers ----


def minor(value: Decimal, scale: int, name: str) -> int:
    """Minor units of a value at a scale that holds all of its digits; anything else is refused."""
    return _kernel.parse_one(value, scale, EXACT, name, None)[0]


def plain_text(value: Decimal) -> str:
    """The digits of a value without zeros at the end, so that equal values have one text."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent_text(value: Decimal) -> str:
    """A rate as a percentage: the same minor units, two places further left."""
    places = _kernel.format_one(minor(value, RATE_PLACES, "rate"), RATE_PLACES - 2)
    return f"{plain_text(Decimal(places))}%"


def read_amount(value: Any, name: str) -> Decimal:
    """An exact amount of zero or more."""
    amount = Decimal(_kernel.format_one(*_kernel.parse_one(value, None, EXACT, name, None)))
    if amount < _ZERO:
        raise wrong(name, f"{plain_text(amount)} is negative", value)
    return amount


def read_rate(value: Any, name: str) -> Decimal:
    """A rate of zero or more, exact at eight places; ``"1.5%"`` is 0.015."""
    if isinstance(value, str) and value.endswith("%"):
        digits, _ = _kernel.parse_one(value[:-1], RATE_PLACES - 2, EXACT, name, None)
    else:
        digits, _ = _kernel.parse_one(value, RATE_PLACES, EXACT, name, None)
    rate = Decimal(_kernel.format_one(digits, RATE_PLACES))
    if rate < _ZERO:
        raise wrong(name, f"{percent_text(rate)} is negative", value)
    return rate


def read_share(value: Any, name: str) -> Decimal:
    """A rate of at most one."""
    share = read_rate(value, name)
    if share > _ONE:
        raise wrong(name, f"{percent_text(share)} is more than 100%", value)
    return share


def read_part(value: Any, name: str) -> Decimal:
    """A rate below one: what is left of the whole is never nothing."""
    rate = read_rate(value, name)
    if rate >= _ONE:
        raise wrong(name, f"{percent_text(rate)} is not below 100%", value)
    return rate


def read_count(value: Any, name: str, most: int) -> int:
    """A whole number from zero."""
    if isinstance(value, bool):
        raise wrong(name, f"{value} is not a whole number", value)
    try:
        count = as_index(value)
    except TypeError:
        raise wrong(name, f"{show(value)} is not a whole number", value) from None
    if not 0 <= count <= most:
        raise wrong(name, f"{count} is not from 0 to {most}", value)
    return count


# ---- names ----


def read_id(value: Any, name: str) -> Id:
    """An identifier: an int64, or a text that is not empty."""
    if isinstance(value, str):
        return read_text(value, name)
    if isinstance(value, bool):
        raise refuse("label", argument=name, value=show(value))
    try:
        number = as_index(value)
    except TypeError:
        raise refuse("label", argument=name, value=show(value)) from None
    if not _INT64.min <= number <= _INT64.max:
        raise wrong(name, f"{number} is not an int64", value)
    return number


def read_text(value: Any, name: str) -> str:
    """A text that is not empty and that files can hold."""
    if isinstance(value, str) and not value:
        raise wrong(name, "the text is empty", value)
    return _read_label(value, name)


def _read_label(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise wrong(name, f"{show(value)} is not a text", value)
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise wrong(name, f"{value!r} cannot be written as UTF-8", value)
    return str(value)


def id_order(identifier: Id) -> tuple[bool, int, bytes]:
    """Where an identifier stands: integers by value, then texts by their UTF-8 bytes."""
    if isinstance(identifier, int):
        return False, identifier, b""
    return True, 0, identifier.encode()


# ---- days and times ----


def read_date(value: Any, name: str) -> date:
    """A calendar day: a ``date``, an ISO text, or a ``datetime64`` of whole days."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, np.datetime64) and np.datetime_data(value.dtype)[0] == "D" and not np.isnat(value):
        found = value.item()
        if isinstance(found, date):
            return found
    if isinstance(value, str) and len(value) == len("2017-04-27"):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise wrong(name, f"{show(value)} is not a date such as 2017-04-27", value)


def _read_time(value: Any, name: str) -> time:
    if isinstance(value, str):
        try:
            value = time.fromisoformat(value)
        except ValueError:
            raise wrong(name, f"{value!r} is not a time such as 15:00", value) from None
    if not isinstance(value, time):
        raise wrong(name, f"{show(value)} is not a time such as 15:00", value)
    if value.tzinfo is not None:
        raise wrong(name, "the time is of the fund's time zone and has none of its own", value)
    return value


def _write_time(value: time) -> str:
    return value.isoformat("auto" if value.second or value.microsecond else "minutes")


def _read_zone(value: Any, name: str) -> str:
    from zoneinfo import ZoneInfo

    key = read_text(value, name)
    try:
        ZoneInfo(key)
    except (OSError, ValueError, LookupError):
        raise wrong(name, f"{key!r} is no time zone that this system knows", value) from None
    return key


def _read_rounding(value: Any, name: str) -> Rounding:
    try:
        return Rounding.of(value)
    except InputError:
        known = ", ".join(mode.name.lower() for mode in Rounding)
        raise refuse("rounding", argument=name, value=show(value), known=known) from None


def _read_flag(value: Any, name: str) -> bool:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise wrong(name, f"{show(value)} is neither true nor false", value)


# ---- kinds of settings ----


class Kind(NamedTuple):
    """How a setting is read from what a caller or a file says, and how it is written for a file."""

    read: Callable[[Any, str], Any]
    write: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


AMOUNT: Final = Kind(read_amount, plain_text)
SHARE: Final = Kind(read_share, percent_text)
PART: Final = Kind(read_part, percent_text)
ID: Final = Kind(read_id, _same)
TEXT: Final = Kind(read_text, _same)
LABEL: Final = Kind(_read_label, _same)
FLAG: Final = Kind(_read_flag, _same)
TIME: Final = Kind(_read_time, _write_time)
ZONE: Final = Kind(_read_zone, _same)
MODE: Final = Kind(_read_rounding, lambda mode: mode.name.lower())


def count(most: int) -> Kind:
    """Whole numbers from zero."""
    return Kind(lambda value, name: read_count(value, name, most), _same)


def choice(*known: str) -> Kind:
    """One of a few words."""

    def read(value: Any, name: str) -> str:
        if isinstance(value, str) and value in known:
            return value
        raise wrong(name, f"{show(value)} is none of {', '.join(known)}", value)

    return Kind(read, _same)


def optional(kind: Kind) -> Kind:
    """A setting that may be missing: ``None``."""
    return Kind(
        lambda value, name: None if value is None else kind.read(value, name),
        lambda value: None if value is None else kind.write(value),
    )


class Settings:
    """Named settings that never change: each is read by its kind; equal settings make equal objects.

    A class lists its settings as the fields of a frozen dataclass, in the order of its ``__init__``, and their kinds
    in ``_KINDS``.
    """

    __slots__ = ()

    _KINDS: ClassVar[Mapping[str, Kind]] = {}

    def replace(self, **changes: Any) -> Self:
        """The same with some settings changed; everything is checked again.

        >>> import fundclear as fc
        >>> fc.Gate(threshold="10%").replace(priority="oldest")
        Gate(threshold='10%', priority='oldest')
        """
        refuse_unknown(changes, self._KINDS)
        return type(self)(**{**self._chosen(), **changes})

    def record(self, *, complete: bool = False) -> dict[str, Any]:
        """The settings as plain data: those that are not the default, or all of them."""
        names = self._KINDS if complete else self._chosen()
        return {name: self._KINDS[name].write(getattr(self, name)) for name in names}

    @classmethod
    def of(cls, value: Any, name: str) -> Self:
        """The settings of an object that is some already, or of the plain data that :meth:`record` gives."""
        if isinstance(value, cls):
            return value
        cls._require(value, name)
        with within(name):
            return cls(**value)

    @classmethod
    def _require(cls, value: Any, name: str) -> None:
        """Refuses plain data that is no settings of this class: unknown names, or needed ones that are missing."""
        if not isinstance(value, Mapping):
            raise wrong(name, f"{show(value)} is not a table of settings", value)
        with within(name):
            refuse_unknown(value, cls._KINDS)
            for needed in cls._KINDS:
                if needed not in value and needed not in _defaults(cls):
                    raise wrong(needed, "the setting is missing")

    def _take(self, given: Mapping[str, Any]) -> None:
        """Reads every setting from the arguments of ``__init__``."""
        for name, kind in self._KINDS.items():
            object.__setattr__(self, name, kind.read(given[name], name))

    def _default(self, name: str) -> Any:
        """What the setting is when nothing is said about it; a setting that has to be said has no such value."""
        defaults = _defaults(type(self))
        return self._KINDS[name].read(defaults[name], name) if name in defaults else _NOTHING

    def _chosen(self) -> dict[str, Any]:
        """The settings that are not the default."""
        values = {name: getattr(self, name) for name in self._KINDS}
        return {name: value for name, value in values.items() if value != self._default(name)}

    def __repr__(self) -> str:
        parts = []
        for name, value in self._chosen().items():
            plain = self._KINDS[name].write(value)
            text = repr(plain if isinstance(plain, (str, int)) else value)
            parts.append(text if name == "id" else f"{name}={text}")
        return f"{type(self).__name__}({', '.join(parts)})"


def _defaults(cls: type[Settings]) -> dict[str, Any]:
    """The settings that may be left out, and what they are then: the keyword arguments of ``__init__``."""
    return vars(cls)["__init__"].__kwdefaults__ or {}


def refuse_unknown(given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Refuses settings that do not exist: a misspelt one would be taken for the default."""
    for name in given:
        if name not in known:
            raise wrong(str(name), f"there is no such setting; known are {', '.join(known)}", name)


def nested(cls: Any) -> Kind:
    """Settings within settings: of a class with ``of`` and ``record``."""
    return Kind(cls.of, lambda value: value.record())
