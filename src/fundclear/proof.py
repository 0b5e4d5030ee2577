"""The proof of a day: every law with both of its sides, the control totals, and what was cleared from what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, final, overload

from fundclear import _kernel
from fundclear.errors import refuse

__all__ = ["LAWS", "Cut", "LawEntry", "Proof"]

#: What each law says, in words.
LAWS: Final[dict[str, str]] = {
    "O1": "requested + top-up = confirmed + deferred + cancelled + rejected + carried, for every order",
    "O2": "the same for the totals of a fund and kind",
    "O3": "every order received has exactly one status",
    "O4": "what comes in deferred or carried is what the day before left",
    "O5": "distributor and order id are unique among the accepted",
    "G1": "the requests of a portfolio are those of its orders, and the gate trips above its threshold only",
    "G2": "what is accepted adds up to the limit, or to all requests",
    "G3": "each order's accepted part is its exact share, to less than one unit",
    "G4": "requested for dealing = accepted + deferred + cancelled, for every gated order",
    "C1": "a subscription's amount = fee + invested + refund",
    "C2": "a redemption's rounded gross = paid + fee + back-end fee",
    "C3": "a switch's rounded gross = transfer + fees out, and its transfer = net + top-up fee",
    "C4": "each fee = to fund + to distributor + to manager",
    "V1": "invested = units × price + rounding",
    "V2": "units × price = paid + fee + back-end fee + rounding",
    "V3": "both legs of a switch are worth what moved, but for rounding",
    "V4": "a fund's cash from dealing = change of units at NAV + kept fees + rounding + swing",
    "U1": "closing = opening + issued − cancelled + income units + events, for every position",
    "U2": "the same for every fund; transfers in = transfers out",
    "U3": "lots add up to their position",
    "U4": "frozen and pending units are not below zero, and not above the holding",
    "U5": "opening positions are yesterday's closing ones",
    "I1": "a date's income = paid + kept",
    "I2": "each holder's income is the exact share, to less than one cent, and has the income's sign",
    "I3": "income = reinvested + cash + change of unpaid",
    "I4": "the published income per 10,000 is that of income and entitled units",
    "A1": "shares and residual add up to the total",
    "S1": "the positions of a settlement add up to zero",
    "S2": "a fund's obligations from dealing are its cash from dealing",
    "S3": "payments add up to half of all positions, and are fewer than the parties not at zero",
    "S4": "open obligations = open yesterday + new − settled",
    "L1": "debits = credits in every posting set",
    "L2": "closing balances = opening + movements",
    "L3": "the ledgers agree with register, obligations, kept fees and rounding",
    "T1": "all tables give the same totals",
    "T2": "digests of inputs, terms, previous proof and outputs",
}


@final
@dataclass(frozen=True, slots=True)
class LawEntry:
    """One law for one scope.

    Attributes:
        law: its short name, a key of ``fundclear.proof.LAWS``.
        scope: what it was checked for: a fund, a currency, a table; empty for the whole day.
        left: one side, exact.
        right: the other side.
        rows: how many rows were checked one by one; zero for a law of totals.
    """

    law: str
    scope: str
    left: Decimal
    right: Decimal
    rows: int

    @property
    def holds(self) -> bool:
        """Whether both sides are equal."""
        return self.left == self.right


@final
@dataclass(frozen=True, slots=True)
class Cut:
    """Where a largest-remainder split was cut: who is before it got one unit of the last place more.

    Attributes:
        what: ``income`` or ``gate``.
        fund: the fund, or the portfolio's head.
        date: the date of the income or of the first dealing day, as ISO text; empty if there is none.
        remainder: the remainder at the cut, in parts of the split's divisor.
        key: the account or order id at which equal remainders were cut; empty if no tie was.
    """

    what: str
    fund: str
    date: str
    remainder: int
    key: str


@final
@dataclass(frozen=True)
class Proof:
    """What shows that a day was cleared and nothing lost; it speaks of the day without the day's tables.

    Attributes:
        date: the dealing day, as ISO text.
        entries: every law, by scope, with both sides.
        totals: control totals by name.
        digests: by name, the fingerprints of all tables in and out (128 bits, independent of the order of rows), the
            digest of the terms, and of the previous proof if the day follows one.
        cuts: where the splits of income and gates were cut.
    """

    date: str
    entries: Sequence[LawEntry]
    totals: Mapping[str, Decimal] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    cuts: tuple[Cut, ...] = ()

    def check(self) -> None:
        """Compares both sides of every law again.

        Raises:
            LawError: a law does not hold (``law``); it names law, scope and both sides.
        """
        for entry in self.entries:
            if not entry.holds:
                where = f" for {entry.scope}" if entry.scope else ""
                raise refuse("law", law=entry.law, value=f"{entry.left} is not {entry.right}{where}")

    @property
    def digest(self) -> str:
        """The SHA-256 of the whole proof, in hexadecimal, which the next day's proof keeps."""
        import hashlib
        import json

        canonical = json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def __iter__(self) -> Iterator[LawEntry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, law: str) -> tuple[LawEntry, ...]:
        """The entries of a law; none if the day gave no reason to check it."""
        if law not in LAWS:
            raise KeyError(f"there is no law {law!r}; there are {', '.join(LAWS)}")
        return tuple(entry for entry in self.entries if entry.law == law)

    def to_dict(self) -> dict[str, Any]:
        """The proof as plain texts and numbers, for JSON."""
        return {
            "date": self.date,
            "entries": [[e.law, e.scope, str(e.left), str(e.right), e.rows] for e in self.entries],
            "totals": {name: str(total) for name, total in self.totals.items()},
            "digests": dict(self.digests),
            "cuts": [[cut.what, cut.fund, cut.date, str(cut.remainder), cut.key] for cut in self.cuts],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Proof:
        """The proof that :meth:`to_dict` has written."""
        return cls(
            date=str(plain["date"]),
            entries=tuple(
                LawEntry(law, scope, Decimal(left), Decimal(right), rows)
                for law, scope, left, right, rows in plain["entries"]
            ),
            totals={name: Decimal(total) for name, total in plain["totals"].items()},
            digests=dict(plain["digests"]),
            cuts=tuple(Cut(what, fund, date, int(cut), key) for what, fund, date, cut, key in plain["cuts"]),
        )

    def __repr__(self) -> str:
        laws = {entry.law for entry in self.entries}
        held = all(entry.holds for entry in self.entries)
        return (
            f"<Proof of {self.date}: {len(laws)} laws, {len(self.entries)} comparisons, "
            f"{'all hold' if held else 'BROKEN'}>"
        )

    def _repr_html_(self) -> str:
        """The laws as notebooks show them."""
        from html import escape

        rows = "".join(
            f"<tr><td>{escape(e.law)}</td><td>{escape(e.scope)}</td><td>{e.left}</td><td>{e.right}</td>"
            f"<td>{e.rows or ''}</td><td>{'holds' if e.holds else 'BROKEN'}</td></tr>"
            for e in self.entries
        )
        head = "<tr><th>law</th><th>scope</th><th>left</th><th>right</th><th>rows</th><th></th></tr>"
        return f"<p>{escape(repr(self))}</p><table>{head}{rows}</table>"


def exact(value: int, scale: int) -> Decimal:
    """Minor units of up to 128 bits as a Decimal that is exactly as much."""
    return Decimal(_kernel.format_one(value, scale))


@final
class _Entries(Sequence[LawEntry]):
    """The entries of a day, made when somebody first looks at them: a small day has hundreds."""

    __slots__ = ("_count", "_made", "_others", "_raw", "_scope")

    def __init__(self, raw: _kernel.LawEntries, scope: Callable[[Any], str], others: tuple[LawEntry, ...]) -> None:
        self._raw: _kernel.LawEntries | None = raw
        self._scope, self._others, self._count = scope, others, len(raw) + len(others)
        self._made: tuple[LawEntry, ...] | None = None

    def _all(self) -> tuple[LawEntry, ...]:
        # Two threads may look at the same time: once there are no raw entries, the made ones are there.
        raw = self._raw
        if raw is None:
            assert self._made is not None
            return self._made
        entries = (
            LawEntry(law, self._scope(scope), exact(left, scale), exact(right, scale), rows)
            for law, scope, left, right, scale, rows in raw.rows()
        )
        self._made = made = (*entries, *self._others)
        self._raw = None
        return made

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[LawEntry]:
        return iter(self._all())

    @overload
    def __getitem__(self, place: int) -> LawEntry: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[LawEntry, ...]: ...

    def __getitem__(self, place: int | slice) -> LawEntry | tuple[LawEntry, ...]:
        return self._all()[place]

    def __eq__(self, other: object) -> bool:
        return self._all() == tuple(other) if isinstance(other, (_Entries, tuple)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())

    def __reduce__(self) -> tuple[Any, ...]:
        # What makes a scope's words is left behind: copies and pickles are plain tuples.
        return tuple, (self._all(),)


def entries_of(
    raw: _kernel.LawEntries, scope: Callable[[Any], str], others: tuple[LawEntry, ...]
) -> Sequence[LawEntry]:
    """The kernel's entries, and after them those of others.

    `scope` puts a scope in words.
    """
    return _Entries(raw, scope, others)
