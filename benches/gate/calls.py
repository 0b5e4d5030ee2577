"""The calls that the gate measures, run in a process of their own over one build of fundclear.

``python calls.py count`` runs each call between two marks that callgrind cuts its counts at; ``calls.py time NAME``
answers each line of its input with the seconds that a call takes. Only numpy is needed, so that a process starts soon,
and no generator of random numbers, so that every version of numpy makes the same rows.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: callgrind begins a new part of its counts wherever this function of the C library is called; nobody else calls it.
mark = os.getppid

#: A file of a real day, of about a thousand records.
ORDER_FILE = Path(__file__).parents[2] / "samples/yuebao-2017-04-27/orders_03.txt"

DATE = "2017-04-27"
FUNDS = 5

Call = Callable[[], object]


def spread(rows: int, seed: int, below: int, at_least: int = 0) -> Any:
    """Whole numbers of a range, spread by a multiplication; the same in every run."""
    import numpy as np

    mixed = (np.arange(1, rows + 1, dtype=np.uint64) * np.uint64(2_654_435_769 * (2 * seed + 1))) % np.uint64(2**32)
    return at_least + (mixed.astype(np.int64) * (below - at_least) >> 32)


def amounts(rows: int, seed: int = 1) -> Any:
    import fundclear as fc

    return fc.Fixed.from_minor(spread(rows, seed, 10**9, 1), 2)


def terms() -> Any:
    """Funds with four fee tiers; the first one keeps lots, and nobody but who switches into it holds it."""
    import fundclear as fc

    tiers = fc.FeeSchedule([("0", "1.5%"), ("1000000", "1.2%"), ("2000000", "0.6%"), ("5000000", fc.Flat("1000.00"))])
    lots = {"redemption_fee": fc.HoldingSchedule([(0, "1.5%", "100%"), (7, "0.5%", "25%")])}
    return fc.Terms(
        [
            fc.Fund(number, currency="CNY", subscription_fee=tiers, **(lots if number == 1 else {}))
            for number in range(1, FUNDS + 1)
        ]
    )


def prices() -> dict[int, str]:
    return {number: f"1.{number:04}" for number in range(1, FUNDS + 1)}


def subscribe(rows: int) -> Call:
    import fundclear as fc

    made, by_fund, funds, column = terms(), prices(), spread(rows, 2, FUNDS + 1, 1), amounts(rows)
    return lambda: fc.subscribe(column, by_fund, funds, terms=made, threads=1)


def clear(orders: int) -> Call:
    """A day of subscriptions, redemptions and switches as 70, 25 and 5 of a hundred; a quarter as many accounts."""
    import numpy as np

    import fundclear as fc

    accounts = max(1, orders // 4)
    account, fund, lot = (spread(orders, 1, accounts + 1, 1), spread(orders, 2, FUNDS + 1, 2), spread(orders, 3, 100))
    kinds = np.where(lot < 70, 0, np.where(lot < 95, 1, 2)).astype(np.uint8)
    given = fc.Orders(
        account=account,
        fund=fund,
        kind=fc.Labels.from_codes(kinds, ["subscribe", "redeem", "switch"]),
        quantity=fc.Fixed.from_minor(spread(orders, 4, 1_000_000, 1_000), 2),
        order_id=np.arange(1, orders + 1, dtype=np.int64),
        target_fund=np.where(lot >= 95, fund % FUNDS + 1, 0),
    )
    held = np.unique(account * 1_000 + fund)
    units = fc.Fixed.from_minor(spread(len(held), 7, 100_000_000, 1_000_000), 2)
    positions = fc.Positions(account=held // 1_000, fund=held % 1_000, units=units)
    made, by_fund = terms(), prices()
    return lambda: fc.clear(given, terms=made, prices=by_fund, date=DATE, positions=positions, threads=1)


def distribute(holders: int) -> Call:
    import fundclear as fc

    units, accounts = amounts(holders), spread(holders, 5, 10**9)[::-1].copy()
    return lambda: fc.distribute("72345.67", units, account=accounts, threads=1)


def net(orders: int) -> Call:
    import fundclear as fc

    account, fund = spread(orders, 1, orders // 5 + 1, 1), spread(orders, 2, FUNDS + 1, 1)
    kinds = fc.Labels.from_codes(spread(orders, 3, 2).astype("uint8"), ["subscribe", "redeem"])
    given = fc.Orders(account=account, fund=fund, kind=kinds, quantity=amounts(orders))
    return lambda: fc.net(given, threads=1)


def net_obligations(rows: int) -> Call:
    import fundclear as fc

    payer, payee, money = spread(rows, 1, 100), spread(rows, 2, 100), amounts(rows)
    return lambda: fc.net_obligations(payer, payee, money, threads=1)


def parse(rows: int) -> Call:
    import fundclear as fc

    texts = amounts(rows).to_strings()
    return lambda: fc.Fixed.parse(texts, scale=2, threads=1)


def to_strings(rows: int) -> Call:
    return amounts(rows).to_strings


def ofd_read(times: int = 1) -> Call:
    from fundclear.formats import ofd

    data = order_file(times).to_bytes(threads=1)
    return lambda: ofd.read(data, threads=1)


def ofd_write(times: int) -> Call:
    file = order_file(times)
    return lambda: file.to_bytes(threads=1)


def order_file(times: int) -> Any:
    """The records of the real day's file, over and over."""
    import numpy as np

    from fundclear.formats import ofd

    file = ofd.read(ORDER_FILE.read_bytes(), threads=1)
    return ofd.OfdFile(file.header, file.table.rows_at(np.tile(np.arange(len(file.table)), times)))


def parquet_write(orders: int) -> Call:
    """The confirmations of a day, as its folder keeps them."""
    from fundclear import _kernel
    from fundclear.folder import stored

    day: Any = clear(orders)()
    columns, folder = stored(day.confirmations), tempfile.TemporaryDirectory()
    about = [("fundclear.table", "confirmations")]
    return lambda: _kernel.write_parquet(f"{folder.name}/confirmations.parquet", columns, about, 1)


#: By name what makes a call ready, and how often it is repeated to be counted.
COUNTED: dict[str, tuple[Callable[[], Call], int]] = {
    "subscribe, 1 row": (lambda: subscribe(1), 20),
    "subscribe, 1,000 rows": (lambda: subscribe(1_000), 10),
    "clear, 1 order": (lambda: clear(1), 5),
    "clear, 1,000 orders": (lambda: clear(1_000), 3),
    "clear, 50,000 orders": (lambda: clear(50_000), 1),
    "distribute, 1,000 holders": (lambda: distribute(1_000), 10),
    "net, 1,000 orders": (lambda: net(1_000), 10),
    "net_obligations, 1,000 rows": (lambda: net_obligations(1_000), 10),
    "parse, 1,000 str": (lambda: parse(1_000), 10),
    "to_strings, 1,000 rows": (lambda: to_strings(1_000), 10),
    "ofd.read, 1,000 records": (ofd_read, 3),
    "ofd.read, 5,000 records": (lambda: ofd_read(5), 1),
    "ofd.write, 5,000 records": (lambda: ofd_write(5), 1),
    "parquet write, 5,000 confirmations": (lambda: parquet_write(5_000), 5),
}

#: The same for wall times: how often a call is timed, to count with the least disturbed time.
TIMED: dict[str, tuple[Callable[[], Call], int]] = {
    "subscribe, 1 row": (lambda: subscribe(1), 100),
    "subscribe, 200,000 rows": (lambda: subscribe(200_000), 10),
    "clear, 1 order": (lambda: clear(1), 20),
    "clear, 50,000 orders": (lambda: clear(50_000), 4),
    "distribute, 200,000 holders": (lambda: distribute(200_000), 5),
    "net, 200,000 orders": (lambda: net(200_000), 5),
    "net_obligations, 200,000 rows": (lambda: net_obligations(200_000), 5),
    "parse, 50,000 str": (lambda: parse(50_000), 5),
    "to_strings, 50,000 rows": (lambda: to_strings(50_000), 5),
    "ofd.read, 1,000 records": (ofd_read, 20),
}

#: The first parts that are counted: what stands before them in the process, and what two marks cost by themselves.
NUMPY, IMPORT, EMPTY = "import numpy", "import fundclear, after numpy", "two marks"

#: What the import leaves to whoever clears first: names are imported when they are asked for.
NAMES = "names for a first day, after fundclear"


def count() -> None:
    """Prints the names of the counted parts with their repeats; callgrind numbers its parts alike, from the second."""
    names = [(NUMPY, 1), (IMPORT, 1), (NAMES, 1), (EMPTY, 1)]
    mark()
    import numpy  # noqa: F401

    mark()
    import fundclear

    mark()
    _ = fundclear.Orders, fundclear.Terms, fundclear.clear
    mark()
    mark()
    gc.disable()
    for name, (prepare, repeats) in COUNTED.items():
        call = prepare()
        # What a first call makes and keeps is not of the others.
        call()
        gc.collect()
        mark()
        for _ in range(repeats):
            call()
        mark()
        # What stands between two calls is a part as well.
        names += [("", 1), (name, repeats)]
    for name, repeats in names:
        print(repeats, name)


def answer(name: str) -> None:
    """For each line of its input: the seconds of the quickest run of the call, printed as soon as they are known."""
    prepare, repeats = TIMED[name]
    call = prepare()
    call()
    print("ready", flush=True)
    gc.disable()
    for _ in sys.stdin:
        gc.collect()
        print(min(seconds(call) for _ in range(repeats)), flush=True)


def seconds(call: Call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    {"count": count, "time": answer}[sys.argv[1]](*sys.argv[2:])
