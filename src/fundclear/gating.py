"""Large redemptions and swing pricing by themselves: what a gate lets through, and what the price becomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import Amounts, parse_amounts, show
from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.fixed import Fixed, _checked_scale, _make
from fundclear.funds import Swing
from fundclear.identifiers import Domain
from fundclear.moments import read_dates
from fundclear.plainterms import plain_swing
from fundclear.reading import read_identifiers
from fundclear.rounding import EXACT, Rounding, kernel_code
from fundclear.settings import RATE_PLACES, Rate, minor, read_share

__all__ = ["Gated", "Swung", "gate", "swing_price"]

#: One value for all portfolios, or the value of each.
ByPortfolio: TypeAlias = Any

#: Integers or texts, one a row.
Keys: TypeAlias = "Labels | Iterable[int] | Iterable[str] | npt.NDArray[Any]"

_DECISIONS: Final = {None: 0, "accept_all": 1, "limit": 2}
_PRIORITIES: Final = {"none": False, "oldest": True}
_DIRECTIONS: Final = ("none", "up", "down")
_OVERRIDES: Final = {None: 0, "": 0, "up": 1, "down": 2, "none": 3}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Gated:
    """What :func:`gate` gives.

    Attributes:
        portfolios: the portfolios, ascending; one empty text if the requests are of one portfolio.
        tripped: by portfolio, whether the gate trips.
        limit: by portfolio, the units accepted of all its requests.
        accepted: by request, the units accepted; each portfolio's add up to its limit.
    """

    portfolios: tuple[int | str, ...]
    tripped: npt.NDArray[np.bool_]
    limit: Fixed
    accepted: Fixed


@final
@dataclass(frozen=True, slots=True, eq=False)
class Swung:
    """What :func:`swing_price` gives, by row.

    Attributes:
        direction: ``up``, ``down`` or ``none``.
        price: the dealing price.
    """

    direction: Labels
    price: Fixed


def gate(
    requested: Amounts,
    *,
    outstanding: ByPortfolio,
    threshold: Rate | Mapping[Any, Rate] = "10%",
    subscribed: ByPortfolio = "0",
    switched: ByPortfolio = "0",
    count_subscriptions: bool | Mapping[Any, bool] = False,
    decision: ByPortfolio = None,
    portfolio: Keys | None = None,
    order_id: Keys | None = None,
    distributor: Keys | None = None,
    since: Any = None,
    priority: Literal["none", "oldest"] | Mapping[Any, str] = "none",
    scale: int | None = None,
    threads: int | None = None,
) -> Gated:
    """Holds the day's requests against the gate of their portfolio, and shares what is accepted.

    The gate trips when ``requested - subscribed - switched > threshold × outstanding``. Then ``"accept_all"`` accepts
    all; a limit accepts ``min(requested, max(ceiling(threshold × outstanding), the figure decided))``, with what is
    subscribed added to the threshold's part if that counts. The limit is shared in proportion to the requests,
    largest remainder first, ties to the smaller order id, then to the smaller distributor.

    Args:
        requested: units of redemptions and switches out, one row an order; none is negative.
        outstanding: units outstanding at the opening.
        threshold: the part of them above which the gate trips.
        subscribed: units that the day's subscriptions get at the unswung price.
        switched: units that the day's switches in get at the unswung price.
        count_subscriptions: whether what is subscribed raises the limit.
        decision: ``"accept_all"``, ``"limit"``, or the units to accept at least; of no matter if no gate trips.
        portfolio: the portfolio of each request, integers or texts. Then all arguments above may be mappings from
            portfolio to value.
        order_id: integers or texts; without ids the earlier row is the smaller one.
        distributor: integers or texts.
        since: the dealing day on which each order was first dealt, for ``priority="oldest"``.
        priority: ``"none"`` shares over all requests alike; ``"oldest"`` accepts older days whole while they fit, and
            shares within the first that does not.
        scale: decimal places of the units; by default those of ``requested``.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Raises:
        InputError: a gate trips and nothing is decided (``gate-decision``); requests below zero, a mapping without one
            of the portfolios, an unknown word (``argument``); a threshold that is no part of one (``terms``); columns
            of different lengths (``length``).
        InexactError: an amount has more decimals than ``scale`` (``inexact``).
        AmountOverflowError: the requests of a portfolio have more than 18 digits (``overflow``).

    Source: the large-redemption clause of open-end fund contracts in China: ten percent of the units of the day before.

    >>> import fundclear as fc
    >>> asked = ["60000.00", "45000.00", "30000.01"]
    >>> gated = fc.gate(asked, outstanding="1000000.00", subscribed="20000.00", decision="limit")
    >>> gated.tripped, gated.limit
    (array([ True]), Fixed(['100000.00'], scale=2))
    >>> gated.accepted
    Fixed(['44444.44', '33333.33', '22222.23'], scale=2)
    >>> counted = {"subscribed": "20000.00", "count_subscriptions": True}
    >>> fc.gate(asked, outstanding="1000000.00", decision="limit", **counted).limit
    Fixed(['120000.00'], scale=2)

    Several portfolios at once:

    >>> gated = fc.gate(["9.00", "30.00", "30.00"], portfolio=["A", "B", "B"], order_id=[3, 2, 1],
    ...                 outstanding={"A": "100.00", "B": "505.55"}, decision={"A": "accept_all", "B": "limit"})
    >>> gated.tripped, gated.accepted
    (array([False,  True]), Fixed(['9.00', '25.28', '25.28'], scale=2))
    """
    places = None if scale is None else _checked_scale(scale)
    if isinstance(requested, Fixed):
        units = requested if places is None else requested.rescale(places, threads=threads)
    else:
        units = Fixed.parse(requested, places, name="requested", threads=threads)
    places = units.scale
    portfolios, numbers = _portfolios(portfolio, threads)
    given = _Given(portfolios, portfolio is not None, places)
    decided = [_decision(value) for value in given.each("decision", decision)]
    columns = (
        [str(name) for name in portfolios],
        [
            minor(read_share(value, "threshold"), RATE_PLACES, "threshold")
            for value in given.each("threshold", threshold)
        ],
        [_flag(value) for value in given.each("count_subscriptions", count_subscriptions)],
        [_word(_PRIORITIES, value, "priority") for value in given.each("priority", priority)],
        [code for code, _ in decided],
        _units([figure for _, figure in decided], places, "decision"),
        given.units("outstanding", outstanding),
        given.units("subscribed", subscribed),
        given.units("switched", switched),
        [0 for _ in portfolios],
    )
    accepted, tripped, limit = _kernel.gate(
        units._column,
        places,
        numbers,
        list(zip(*columns, strict=True)),
        None if order_id is None else _keys(order_id, "order_id", threads),
        0 if distributor is None else _keys(distributor, "distributor", threads),
        0 if since is None else _days(since),
        threads,
    )
    limits = _make(np.array(limit, dtype=np.int64), places)
    return Gated(portfolios, np.array(tripped, dtype=np.bool_), limits, _make(accepted, places))


def _portfolios(portfolio: Keys | None, threads: int | None) -> tuple[tuple[Any, ...], npt.NDArray[np.int64] | int]:
    """The portfolios that there are, ascending, and the number of each row's."""
    if portfolio is None:
        return ("",), 0
    column = read_identifiers(portfolio, "portfolio", False, threads)
    domain = Domain.of("portfolio", column, threads=threads)
    found, numbers = _numbered(np.atleast_1d(domain.keys(column, threads)))
    names = domain.restore(found)
    return tuple(names.to_list() if isinstance(names, Labels) else names.tolist()), numbers


def _numbered(keys: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The different keys, ascending, and the place of each row's among them."""
    first, last = (int(keys.min()), int(keys.max())) if len(keys) else (0, 0)
    if last - first > len(keys):
        found, numbers = np.unique(keys, return_inverse=True)
        return found, numbers.astype(np.int64, copy=False)
    # Keys that lie close together, as ranks of texts do, need no sorting.
    places = keys - first
    present = np.zeros(last - first + 1, dtype=np.bool_)
    present[places] = True
    found = np.flatnonzero(present)
    numbers = np.zeros(len(present), dtype=np.int64)
    numbers[found] = np.arange(len(found), dtype=np.int64)
    return found + first, numbers[places]


class _Given:
    """What is given once for all portfolios, or for each."""

    def __init__(self, portfolios: tuple[Any, ...], are_named: bool, places: int) -> None:
        self._portfolios = portfolios
        self._are_named = are_named
        self._places = places

    def each(self, name: str, value: Any) -> list[Any]:
        if not isinstance(value, Mapping):
            return [value for _ in self._portfolios]
        if not self._are_named:
            raise refuse("argument", argument=name, value="a mapping", why="there is no portfolio= that it is by")
        for portfolio in self._portfolios:
            if portfolio not in value:
                raise refuse("argument", argument=name, value=show(portfolio), why="the portfolio has no value")
        return [value[portfolio] for portfolio in self._portfolios]

    def units(self, name: str, value: Any) -> list[int]:
        """Units of each portfolio in minor units."""
        return _units(self.each(name, value), self._places, name)


def _units(listed: list[Any], places: int, name: str) -> list[int]:
    """Units in minor units; none is negative."""
    parsed = [_one(each, places, name) for each in listed]
    for each, made in zip(listed, parsed, strict=True):
        if made < 0:
            raise refuse("argument", argument=name, value=show(each), why="units are zero or more")
    return parsed


def _one(value: Any, places: int, name: str) -> int:
    """One amount in minor units: a text, a Decimal, an int, or a column of one row."""
    column = value if isinstance(value, Fixed) else Fixed.parse(value, places, name=name)
    if len(column) != 1:
        raise refuse("length", argument=name, value=str(len(column)), wanted="1")
    return int(column.rescale(places).minor[0])


def _decision(value: Any) -> tuple[int, Any]:
    """A decision is a word, or the figure that limits."""
    if value is None or (isinstance(value, str) and value in _DECISIONS):
        return _DECISIONS[value], 0
    return _DECISIONS["limit"], value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise refuse("argument", argument="count_subscriptions", value=show(value), why="it is True or False")
    return value


def _word(words: Mapping[Any, Any], word: Any, name: str) -> Any:
    if not isinstance(word, str) or word not in words:
        known = ", ".join(known for known in words if known)
        raise refuse("argument", argument=name, value=show(word), why=f"there are {known}")
    return words[word]


def _keys(values: Keys, name: str, threads: int | None) -> npt.NDArray[np.int64] | int:
    column = read_identifiers(values, name, False, threads)
    return Domain.of(name, column, threads=threads).keys(column, threads)


def _days(since: Any) -> npt.NDArray[np.int64]:
    """Days since 1970 of dates."""
    return read_dates(since, "since").view(np.int64)


# ---- swing ----


def swing_price(
    nav: Amounts,
    *,
    flow: Amounts,
    assets: Amounts,
    swing: Swing | Sequence[Swing],
    nav_scale: int,
    rounding: Rounding | str = "half_up",
    override: str | Sequence[str | None] | None = None,
    threads: int | None = None,
) -> Swung:
    """Moves prices where the day's net flow is beyond the threshold.

    The price goes up by ``factor_up`` if ``flow > threshold_up × assets``, down by ``factor_down`` if
    ``-flow > threshold_down × assets``; factors count at most for the cap. No flow never moves a price. Thresholds are
    compared exactly, and a price is rounded once.

    Args:
        nav: net asset values a unit, one or a column of a class a row.
        flow: the net inflow of the class's portfolio in cash, at the unswung prices.
        assets: the portfolio's assets in cash, at the unswung prices.
        swing: the rule of the portfolio; of one row each, or one for all.
        nav_scale: decimal places of the prices.
        rounding: how a price is rounded.
        override: ``"up"``, ``"down"`` or ``"none"`` decide instead of the thresholds; for all rows or for each.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Raises:
        InputError: a price, before or after, that is not above zero (``price``); columns of different lengths
            (``length``); a rule or a word that is none (``argument``).
        InexactError: a net asset value has more decimals than ``nav_scale`` (``inexact``).
        AmountOverflowError: a price has more than 18 digits (``overflow``).

    Source: swing pricing as fund contracts describe it; thresholds of zero are full swing.

    >>> import fundclear as fc
    >>> rule = fc.Swing(threshold_up="5%", threshold_down="5%", factor_up="0.3%", factor_down="0.5%", cap="0.4%")
    >>> swung = fc.swing_price(["1.1688", "1.1688", "1.1688"], flow=["60.00", "50.00", "-51.00"], assets="1000.00",
    ...                        swing=rule, nav_scale=4)
    >>> swung.direction, swung.price
    (Labels(['up', 'none', 'down']), Fixed(['1.1723', '1.1688', '1.1641'], scale=4))
    """
    places = _checked_scale(nav_scale)
    navs, _ = parse_amounts(nav.rescale(places) if isinstance(nav, Fixed) else nav, places, EXACT, "nav", threads)
    flows, cash, flow_scale = _cash(flow, assets, threads)
    swings, which = _swings(swing)
    directions, prices = _kernel.swing_price(
        navs,
        places,
        flows,
        cash,
        flow_scale,
        swings,
        which,
        _overrides(override),
        kernel_code(rounding),
        threads,
    )
    return Swung(Labels.from_codes(directions, _DIRECTIONS), _make(prices, places))


def _cash(flow: Amounts, assets: Amounts, threads: int | None) -> tuple[Any, Any, int]:
    """Both in minor units of the finer of their scales."""
    given = [
        (amounts.minor, amounts.scale)
        if isinstance(amounts, Fixed)
        else parse_amounts(amounts, None, EXACT, name, threads)
        for name, amounts in (("flow", flow), ("assets", assets))
    ]
    scale = max(places for _, places in given)
    return (*(_rescaled(column, places, scale, threads) for column, places in given), scale)


def _rescaled(column: Any, places: int, scale: int, threads: int | None) -> Any:
    if places == scale:
        return column
    made = _make(np.atleast_1d(np.asarray(column, dtype=np.int64)), places).rescale(scale, threads=threads).minor
    return int(made[0]) if isinstance(column, int) else made


def _swings(swing: Swing | Sequence[Swing]) -> tuple[list[tuple[int, ...]], npt.NDArray[np.int64] | int]:
    """The rules that there are, and the number of each row's."""
    if isinstance(swing, Swing):
        return [plain_swing(swing)], 0
    numbers: dict[Swing, int] = {}
    for one in swing if isinstance(swing, Sequence) else [swing]:
        if not isinstance(one, Swing):
            raise refuse("argument", argument="swing", value=show(one), why="a Swing is wanted, or one a row")
        numbers.setdefault(one, len(numbers))
    return [plain_swing(one) for one in numbers], np.array([numbers[one] for one in swing], dtype=np.int64)


def _overrides(override: str | Sequence[str | None] | None) -> npt.NDArray[np.int64] | int:
    if override is None or isinstance(override, str):
        return int(_OVERRIDES[None] if override is None else _word(_OVERRIDES, override, "override"))
    codes = [0 if word is None else _word(_OVERRIDES, word, "override") for word in override]
    return np.array(codes, dtype=np.int64)
