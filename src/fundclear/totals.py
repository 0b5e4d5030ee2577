"""What verification adds up over the parts of a day: fingerprints of all tables, and the sums that laws speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, final

from fundclear.clearing import Clearing
from fundclear.digests import fingerprint, fingerprint_in, register_fingerprint
from fundclear.folder import BY_ACCOUNT
from fundclear.inputs import Inputs, as_given, given_again
from fundclear.summing import sums_of
from fundclear.tables import Orders, Table

__all__ = ["CAME_IN", "Totals"]

#: What the fingerprint of positions that came in is without the units that income is paid on.
CAME_IN: Final = "came.positions"

_ALL: Final = 1 << 128


@final
class Totals:
    """Fingerprints by name, and the sums of the tables by account."""

    def __init__(self) -> None:
        from fundclear.reference.tallies import Sums

        self.sums: Any = Sums()
        self._fingerprints: dict[str, int] = {}

    @property
    def fingerprints(self) -> dict[str, str]:
        """The fingerprints as the proof has them."""
        return {name: format(number, "032x") for name, number in self._fingerprints.items()}

    def add(self, part: Clearing) -> None:
        """Adds the tables by account of a part, or of a whole day.

        Raises:
            InputError: the tables do not have what the manifest says that the orders had (``folder``).
        """
        self.sums.add(
            sums_of(
                {"confirmations": part.confirmations, "positions": part.positions, "lots": part.lots}
                | part.inputs.tables
            )
        )
        for name in ("confirmations", "positions", "lots"):
            self._put(f"out.{name}", fingerprint(name, part.tables[name]))
        self._put("out.register", register_fingerprint(part.positions))
        self._put("out.deferred", fingerprint("deferred", part.deferred))
        # Orders with several charges stand in a table of their own, which is not by account.
        inputs = replace(part.inputs, several_charges=None)
        self._put_orders(inputs, given_again(inputs, part.confirmations, part.events).orders)
        if inputs.opening_positions is not None:
            self._put("in.positions", fingerprint_in("positions", inputs.opening_positions))
            self._put(CAME_IN, register_fingerprint(inputs.opening_positions))
        if inputs.opening_lots is not None:
            self._put("in.lots", fingerprint_in("lots", inputs.opening_lots))

    def add_small(self, day: Clearing) -> None:
        """Adds all other tables."""
        for name, table in day.tables.items():
            if name not in BY_ACCOUNT:
                self._put(f"out.{name}", fingerprint(name, table))
        inputs = day.inputs
        if inputs.several_charges is not None:
            self._put_orders(inputs, inputs.several_charges)
        given = given_again(replace(inputs, several_charges=None), day.confirmations.head(0), day.events)
        tables: Mapping[str, Table | None] = {
            "deferred": given.deferred,
            "events": given.events,
            "obligations": given.obligations,
        }
        for name, given_table in tables.items():
            if given_table is not None:
                self._put(f"in.{name}", fingerprint_in(name, given_table))

    def _put_orders(self, inputs: Inputs, orders: Orders) -> None:
        self._put("in.orders", fingerprint_in("orders", as_given(inputs, orders)))

    def _put(self, name: str, more: str) -> None:
        self._fingerprints[name] = (self._fingerprints.get(name, 0) + int(more, 16)) % _ALL
