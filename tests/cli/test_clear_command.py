"""``fundclear clear`` and ``show`` as a user runs them: the sample's known totals, formats, refusals, exit codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow.feather
import pyarrow.parquet
import pytest

import fundclear as fc
from fundclear.formats import columnar, ofd
from support.sample import GIVEN, ORDERS, SAMPLE, clear_sample, files, run


def test_the_sample_has_its_known_totals(cleared) -> None:
    day = fc.open_day(cleared.folder)
    confirmed = day.confirmations.filter(day.confirmations["status"] == "confirmed")
    assert len(confirmed) == len(day.confirmations) == 1_006
    assert confirmed["amount"].sum() == confirmed["units"].sum() == Decimal("6457358.05")
    assert len(set(confirmed["transaction_account"])) == 826
    assert len(set(confirmed["account"])) == 862
    assert day.positions["income"].sum() == day.income["paid"].sum() == Decimal("1079.77")
    assert day.positions["units"].sum() == Decimal("10062145.91") + Decimal("6457358.05") + Decimal("1079.77")
    day.proof.check()


def test_the_report_says_what_was_cleared_and_show_says_it_again(cleared) -> None:
    report = cleared.said.stdout
    for line in (
        r"Dealing day 2017-04-27: 1,006 orders, 1,000 positions",
        r"  000198 +subscribe +confirmed +1,006 +6,457,358\.05 CNY",
        r"  000198 +2017-04-27 +1,079\.77 +10,062,145\.91 +1,079\.77 +0\.00 +1\.0731",
        r"  2017-04-28 +CNY +distributor 996 +0\.00 +6,457,358\.05 +-6,457,358\.05",
        r"Proof: \d+ laws, \d+ comparisons, all hold; SHA-256 [0-9a-f]{64}",
    ):
        assert re.search(f"^{line}$", report, re.MULTILINE), line
    shown = run("show", cleared.folder)
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, report, "")


def test_steps_are_named_on_stderr_and_timed_in_the_run_file(cleared) -> None:
    steps = ["read terms and prices", "read orders", "read the register", "clear the day", "write the day"]
    assert [line.partition(":")[0] for line in cleared.said.stderr.splitlines()] == steps
    assert set(json.loads((cleared.folder / "run.json").read_text())["seconds"]) == set(steps[:-1])


def test_csv_files_are_the_tables(cleared) -> None:
    day = fc.open_day(cleared.folder)
    written = columnar.read(cleared.folder / "csv" / "positions.csv", fc.Positions)
    assert written["units"].sum() == day.positions["units"].sum()
    assert {path.stem for path in (cleared.folder / "csv").iterdir()} == set(day.tables)


def test_exchange_files_are_read_back(cleared) -> None:
    kinds = {}
    for path in (cleared.folder / "ofd").iterdir():
        file = ofd.read(path)
        kinds[file.header.kind] = file
    assert set(kinds) == {"04", "05", "06", "25"}
    assert kinds["04"].table["ConfirmedAmount"].sum() == Decimal("6457358.05")
    assert {file.header.recipient for file in kinds.values()} == {"996"}


# ---- formats ----


@pytest.mark.parametrize("suffix", ["csv", "parquet", "arrow"])
def test_every_format_of_orders_clears_the_same_day(cleared, tmp_path: Path, suffix: str) -> None:
    orders, path = ofd.to_orders(ofd.read(ORDERS)), tmp_path / f"orders.{suffix}"
    if suffix == "csv":
        columnar.write_csv(orders, path)
    elif suffix == "parquet":
        pyarrow.parquet.write_table(orders.to_arrow(), path)
    else:
        pyarrow.feather.write_feather(orders.to_arrow(), path)
    assert clear_sample(tmp_path / "day", "--quiet", orders=path).returncode == 0
    there, wanted = files(tmp_path / "day"), files(cleared.folder)
    assert there == {name: content for name, content in wanted.items() if "/" not in name} | {
        "manifest.json": there["manifest.json"]
    }
    proofs = [json.loads(content["manifest.json"])["proof_digest"] for content in (there, wanted)]
    assert proofs[0] == proofs[1]


def test_formats_are_mixed_and_a_file_twice_is_rejected(cleared, tmp_path: Path) -> None:
    columnar.write_csv(ofd.to_orders(ofd.read(ORDERS)), tmp_path / "again.csv")
    said = run("clear", ORDERS, tmp_path / "again.csv", *GIVEN, "--out", tmp_path / "day")
    assert said.returncode == 0, said.stderr
    day = fc.open_day(tmp_path / "day")
    reasons = day.rejections["reason"]
    assert len(reasons) == 1_006
    assert set(reasons) == {"duplicate"}
    assert re.search(r"rejected: duplicate +1,006 +6,457,358.05 CNY", said.stdout)
    assert day.positions["units"].sum() == fc.open_day(cleared.folder).positions["units"].sum()


def _shorter(record: bytes) -> bytes:
    return record[:-1]


def _placed_at_no_time(record: bytes) -> bytes:
    return record[:39] + b"253001" + record[45:]


@pytest.mark.parametrize("damaged", [_shorter, _placed_at_no_time])
def test_a_faulty_record_is_refused_or_set_aside(damaged: Callable[[bytes], bytes], tmp_path: Path) -> None:
    lines = ORDERS.read_bytes().split(b"\r\n")
    first = next(number for number, line in enumerate(lines) if line.startswith(b"2017042700"))
    lines[first] = damaged(lines[first])
    (tmp_path / "faulty.txt").write_bytes(b"\r\n".join(lines))
    refused = clear_sample(tmp_path / "day", orders=tmp_path / "faulty.txt")
    assert refused.returncode == 1
    assert f"line {first + 1}" in refused.stderr
    assert not (tmp_path / "day").exists()
    said = clear_sample(tmp_path / "day", "--on-error", "reject", orders=tmp_path / "faulty.txt")
    assert said.returncode == 0
    assert "1 records of" in said.stderr
    assert f"faulty.txt,{first + 1}," in (tmp_path / "day" / "unread.csv").read_text()
    assert len(fc.open_day(tmp_path / "day").confirmations) == 1_005
    assert run("verify", tmp_path / "day").returncode == 0


def test_a_day_goes_on_from_the_day_before(cleared, tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text('date = 2017-04-28\n[prices]\n"000198" = "1.0000"\n')
    (tmp_path / "orders.csv").write_text(
        "account,transaction_account,distributor,fund,kind,quantity,order_id\n"
        "000000000001,42996000000000001,996,000198,024,10.00,1\n"
    )
    given = ("--terms", SAMPLE / "terms.toml", "--prices", tmp_path / "prices.toml", "--previous", cleared.folder)
    said = run("clear", tmp_path / "orders.csv", *given, "--out", tmp_path / "day")
    assert said.returncode == 0, said.stderr
    day = fc.open_day(tmp_path / "day")
    assert {entry.law for entry in day.proof if entry.scope == "positions"} == {"U5"}
    assert run("verify", tmp_path / "day").returncode == 0


# ---- refusals ----


def _prices(tmp_path: Path, text: str) -> Path:
    (tmp_path / "prices.toml").write_text(text, encoding="utf-8")
    return tmp_path / "prices.toml"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('[prices]\n"000198" = "1.0000"\n[nav]\n', "prices-file", "unknown key 'nav'"),
        ('prices = "1.0000"\n', "prices-file", "prices is '1.0000', not a table"),
        ("date = 2017-04-27\n", "prices-file", "[prices] is missing"),
        ("[prices\n", "prices-file", "it is not TOML"),
        ('date = 2017-04-28\n[prices]\n"000198" = "1.0000"\n', "file-date", "2017-04-28"),
        ('[prices]\n"000198" = 1.0000\n', "float", "000198"),
        ('[prices]\n"999999" = "1.0000"\n', "fund-unknown", "999999"),
        ('[prices]\n"000198" = "1.0000"\n[decisions]\n"000198" = "maybe"\n', "stray", "maybe"),
    ],
)
def test_a_prices_file_that_is_wrong(tmp_path: Path, text: str, code: str, said: str) -> None:
    made = run(
        *("clear", ORDERS, "--terms", SAMPLE / "terms.toml", "--prices", _prices(tmp_path, text)),
        *("--out", tmp_path / "day"),
    )
    assert made.returncode == 1
    assert f"error [{code}]: " in made.stderr
    assert said in made.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["prices.toml"]


def test_a_file_of_another_date_or_of_other_funds(tmp_path: Path) -> None:
    other = clear_sample(tmp_path / "day", "--date", "2017-04-28")
    assert other.returncode == 1
    assert "error [file-date]: " in other.stderr
    terms = (SAMPLE / "terms.toml").read_text().replace("000198", "000009")
    (tmp_path / "terms.toml").write_text(terms)
    prices = _prices(tmp_path, '[prices]\n"000009" = "1.0000"\n')
    said = run(
        "clear", ORDERS, "--terms", tmp_path / "terms.toml", "--prices", prices, "--out", tmp_path / "day", "--quiet"
    )
    assert said.returncode == 1
    assert said.stderr.startswith(f"error [file-funds]: {ORDERS} speaks of no fund of the terms, but of '000198'")
    assert not (tmp_path / "day").exists()


def test_a_file_that_is_no_file_of_orders(cleared, tmp_path: Path) -> None:
    (confirmations,) = (cleared.folder / "ofd").glob("*_04.TXT")
    said = clear_sample(tmp_path / "day", orders=confirmations)
    assert said.returncode == 1
    assert "error [orders-file]: " in said.stderr
    assert "is of type 04" in said.stderr


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    said = clear_sample(tmp_path / "day", orders=tmp_path / "nothing.csv")
    assert said.returncode == 1
    assert "nothing.csv" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_folder_that_holds_anything_is_refused_before_any_work(cleared, tmp_path: Path) -> None:
    before = files(cleared.folder)
    again = clear_sample(cleared.folder, "--quiet")
    assert again.returncode == 1
    assert again.stderr.startswith("error [folder-exists]: ")
    assert files(cleared.folder) == before
    (tmp_path / "day").write_text("a file")
    said = run("clear", "nothing", "--terms", "nothing", "--prices", "nothing", "--out", tmp_path / "day")
    assert "error [folder-exists]: " in said.stderr
    assert (tmp_path / "day").read_text() == "a file"


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "day").mkdir()
    said = clear_sample(tmp_path / "day", "--quiet")
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["day"]


@pytest.mark.parametrize(
    "arguments", [(), ("clear",), ("clear", "x"), ("show",), ("wash", "x"), ("verify", "x", "--sample")]
)
def test_a_command_that_is_not_understood(arguments: tuple[str, ...]) -> None:
    said = run(*arguments)
    assert said.returncode == 2
    assert "usage: fundclear" in said.stderr


def test_show_and_verify_of_what_is_no_day(tmp_path: Path) -> None:
    for name in ("show", "verify"):
        said = run(name, tmp_path)
        assert said.returncode == 1
        assert said.stderr.startswith("error [folder]: ")


def test_help_lists_the_exit_codes() -> None:
    said = run("--help")
    assert said.returncode == 0
    assert re.findall(r"^  (\d+) ", said.stdout, re.MULTILINE) == ["0", "1", "2", "3", "130"]
