"""The ``fundclear`` command: reads files, calls the library, prints. It decides nothing about a day.

What a command works with is imported when it runs, so that ``--help`` and a mistake in the call are told at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from fundclear import _kernel
from fundclear.cli_run import add_run
from fundclear.errors import FundclearError, refuse
from fundclear.profiles import DATE, PROFILES
from fundclear.progress import Progress

if TYPE_CHECKING:
    from fundclear.clearing import Clearing
    from fundclear.gathering import Gathered

__all__ = ["main"]

_DONE, _REFUSED, _USAGE, _DIFFERS, _INTERRUPTED = 0, 1, 2, 3, 130

_EXITS: Final = """\
exit codes:
  0    done
  1    the input or the day was refused; the message names the error's code
  2    the command was not called as it should be
  3    verify has found a difference
  130  interrupted; run goes on when it is called again, all else leaves nothing behind
"""

#: Tables that may come with the orders, by the option.
_TABLES: Final = {
    "positions": ("Positions", "the register at the opening"),
    "lots": ("Lots", "the lots at the opening"),
    "events": ("Events", "freezes, transfers and other register events"),
    "obligations": ("Obligations", "obligations of days before that are still open"),
    "deferred": ("Confirmations", "what the day before deferred or carried"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; its exit code comes back."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except FundclearError as error:
        message = str(error).replace(f" [{error.code}].", ".", 1)
        return _fail(f"error [{error.code}]: {message}", _REFUSED)
    except OSError as error:
        return _fail(f"error [io]: {error}", _REFUSED)
    except KeyboardInterrupt:
        return _fail("interrupted", _INTERRUPTED)


def _fail(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fundclear",
        description="Clear a fund's dealing day from files, look at a cleared day, and derive it again.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fundclear {_kernel.version}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_clear(commands)
    add_run(commands, _EXITS)
    show = commands.add_parser("show", help="print the report of a finished day again")
    show.add_argument("folder", metavar="DIR", help="the day's folder")
    show.set_defaults(run=_show)
    check = commands.add_parser("verify", help="derive a finished day again from its files, and compare")
    check.add_argument("folder", metavar="DIR", help="the day's folder")
    check.add_argument("--sample", type=int, metavar="N", help="clear N accounts again, instead of all or 1,000")
    check.set_defaults(run=_verify)
    _add_generate(commands)
    return parser


def _add_generate(commands: Any) -> None:
    parser = commands.add_parser("generate", help="make up a dealing day of any size, the same for the same seed")
    parser.add_argument("--orders", type=int, required=True, metavar="N", help="how many orders")
    parser.add_argument("--accounts", type=int, required=True, metavar="M", help="how many accounts")
    parser.add_argument("--profile", required=True, metavar="P", help=f"what kind of day: {' or '.join(PROFILES)}")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder of the files, which does not exist yet")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="what all random numbers start from")
    parser.add_argument("--date", default=DATE, metavar="D", help=f"the dealing day, a weekday; by default {DATE}")
    parser.add_argument(
        "--order-ids",
        choices=("sequential", "random"),
        default="sequential",
        help="ids in the order of the rows, or not",
    )
    parser.add_argument("--account-texts", type=int, metavar="W", help="accounts are texts of so many digits")
    parser.add_argument("--threads", type=int, metavar="N", help="how many threads may work")
    parser.set_defaults(run=_generate)


def _add_clear(commands: Any) -> None:
    parser = commands.add_parser(
        "clear",
        help="clear a dealing day",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "orders", nargs="+", metavar="ORDERS", help="files of orders: .csv, .parquet, .arrow, else OFD files (03)"
    )
    parser.add_argument("--terms", required=True, metavar="TOML", help="the terms of the funds")
    parser.add_argument("--prices", required=True, metavar="FILE", help="prices, income, decisions (.toml), or a table")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder of the day, which does not exist yet")
    parser.add_argument("--date", metavar="D", help="the dealing day; the files that have a date must agree")
    for name, (_, what) in _TABLES.items():
        parser.add_argument(f"--{name}", metavar="FILE", help=what)
    parser.add_argument("--previous", metavar="DIR", help="the day before, for all of these that are not given")
    parser.add_argument(
        "--on-error", choices=("raise", "reject"), default="raise", help="what a faulty record of an OFD file does"
    )
    parser.add_argument("--csv", action="store_true", help="write the tables as CSV too")
    parser.add_argument("--ofd", action="store_true", help="write OFD files for the distributors too")
    parser.add_argument("--threads", type=int, metavar="N", help="how many threads may work")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    parser.set_defaults(run=_clear)


def _clear(options: argparse.Namespace) -> int:
    from fundclear import dayfile, tables
    from fundclear.clearing import clear, open_day
    from fundclear.folder import check_free
    from fundclear.gathering import gather_orders, one_date, read_table
    from fundclear.report import report
    from fundclear.settings import read_date
    from fundclear.terms import Terms

    check_free(options.out)
    progress = Progress(None if options.quiet else sys.stderr)
    with progress.step("read terms and prices"):
        terms = Terms.from_toml(options.terms)
        prices = dayfile.read(options.prices, terms)
        asked = None if options.date is None else read_date(options.date, "--date")
        date = one_date([(options.prices, prices.date), ("--date", asked)])
    with progress.step("read orders"):
        gathered = gather_orders(options.orders, terms, date, options.on_error)
        date = one_date(
            [("--date", date), *((f"the file of {header.creator}", header.date) for header in gathered.headers)]
        )
    if date is None:
        raise refuse("argument", argument="--date", value="missing", why="no file says which day it is of")
    with progress.step("read the register"):
        named = {name: getattr(options, name) for name in _TABLES}
        opening = {
            name: read_table(path, getattr(tables, _TABLES[name][0]), terms)
            for name, path in named.items()
            if path is not None
        }
        previous = None if options.previous is None else open_day(options.previous)
    with progress.step("clear the day"):
        day = clear(
            gathered.orders,
            terms=terms,
            date=date,
            prices=prices.prices,
            income=prices.income,
            decisions=prices.decisions,
            days=prices.days,
            previous=previous,
            threads=options.threads,
            **opening,
        )
    _write(options, progress, day, gathered)
    for path, records in gathered.unread:
        print(f"{len(records)} records of {path} were not read: see unread.csv", file=sys.stderr)
    if not options.quiet:
        print(report(day), end="")
    return _DONE


def _write(options: argparse.Namespace, progress: Progress, day: Clearing, gathered: Gathered) -> None:
    import platform

    from fundclear.gathering import write_beside

    run = {"fundclear": _kernel.build_info(), "host": platform.node(), "seconds": progress.seconds}
    with progress.step("write the day"):
        beside = write_beside(gathered, csv=options.csv, exchange=options.ofd, day=day)
        day.write(options.out, run=run, beside=beside)


def _generate(options: argparse.Namespace) -> int:
    from fundclear.generating import generate

    rows = generate(
        options.out,
        profile=options.profile,
        orders=options.orders,
        accounts=options.accounts,
        seed=options.seed,
        date=options.date,
        order_ids=options.order_ids,
        account_digits=options.account_texts,
        threads=options.threads,
    )
    print(", ".join(f"{count:,} {name}" for name, count in rows.items()))
    return _DONE


def _show(options: argparse.Namespace) -> int:
    from fundclear.dayparts import DayParts
    from fundclear.report import report

    print(report(DayParts.open(options.folder)), end="")
    return _DONE


def _verify(options: argparse.Namespace) -> int:
    from fundclear.verifying import verify

    verification = verify(options.folder, sample=options.sample)
    for finding in verification.findings:
        print(finding)
    if verification.findings:
        return _fail(f"{len(verification.findings)} findings: the folder is not the day that was cleared", _DIFFERS)
    accounts = f"{'all ' if verification.whole else ''}{verification.accounts:,} accounts cleared again"
    print(f"{verification.orders:,} orders, {accounts}, {verification.comparisons:,} comparisons: nothing found")
    if not verification.whole:
        files = f"{verification.files:,} files by SHA-256"
        print(f"of all rows: {files}, the fingerprints of all tables, the sums of all laws")
        print("of a sample of the accounts: orders, positions and lots as plain Python clears them again")
    return _DONE
