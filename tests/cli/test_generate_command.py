"""``fundclear generate``: the same bytes for the same seed, days that clear, and a register that ties to its proof."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

import fundclear as fc
from fundclear import dayfile
from fundclear.digests import fingerprint, register_fingerprint
from fundclear.formats import columnar
from fundclear.proof import Proof
from support.sample import files, run

ORDERS, ACCOUNTS = 20_000, 5_000
PROFILES = ("yuebao", "transfer-agent")


def _generate(folder: Path, profile: str, *more: object, orders: int = ORDERS, accounts: int = ACCOUNTS) -> None:
    asked = ("--orders", orders, "--accounts", accounts, "--profile", profile, "--out", folder)
    said = run("generate", *asked, *more)
    assert said.returncode == 0, said.stderr


def _read(folder: Path) -> tuple[fc.Positions, fc.Lots | None, Proof]:
    positions = columnar.read(folder / "positions-000.parquet", fc.Positions)
    path = folder / "lots-000.parquet"
    lots = columnar.read(path, fc.Lots) if path.exists() else None
    return positions, lots, Proof.from_dict(json.loads((folder / "proof.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module", params=PROFILES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("made") / request.param
    _generate(folder, request.param)
    return folder


def _cleared(folder: Path) -> fc.Clearing:
    positions, lots, proof = _read(folder)
    terms = fc.Terms.from_toml(folder / "terms.toml")
    prices = dayfile.read(folder / "prices.toml", terms)
    assert prices.date is not None
    return fc.clear(
        columnar.read(folder / "orders-000.parquet", fc.Orders),
        terms=terms,
        date=prices.date,
        prices=prices.prices,
        income=prices.income,
        positions=positions,
        lots=lots,
        previous=proof,
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_bytes_are_the_same_for_any_number_of_threads(tmp_path: Path, profile: str) -> None:
    size = {"orders": 70_000, "accounts": 9_000}
    for threads in (1, 2, 3):
        _generate(tmp_path / f"{threads}", profile, "--seed", 5, "--threads", threads, **size)
    _generate(tmp_path / "other", profile, "--seed", 6, **size)
    first, other = files(tmp_path / "1"), files(tmp_path / "other")
    assert first == files(tmp_path / "2") == files(tmp_path / "3")
    assert set(first) == set(other)
    assert all(first[name] != other[name] for name in first if name.endswith(".parquet") or name == "proof.json")


def test_the_proof_has_the_fingerprints_of_the_tables_as_read(made: Path) -> None:
    positions, lots, proof = _read(made)
    assert proof.digests["out.register"] == register_fingerprint(positions)
    assert proof.digests["out.lots"] == ("0" * 32 if lots is None else fingerprint("lots", lots))
    assert (lots is None) == (made.name == "yuebao")
    rows = json.loads((made / "generate.json").read_text(encoding="utf-8"))["rows"]
    assert rows == {"orders": ORDERS, "positions": len(positions), "lots": 0 if lots is None else len(lots)}


def test_a_day_clears_and_ties_and_few_orders_are_rejected(made: Path) -> None:
    day = _cleared(made)
    day.proof.check()
    assert {entry.scope for entry in day.proof["U5"]} == {"positions", "lots"}
    rejected = Counter(day.rejections["reason"])
    wanted = {"duplicate", "duplicate-conflict", "unsupported-kind", "unknown-fund", "quantity-not-positive"}
    assert wanted | {"insufficient-units"} <= set(rejected)
    assert 0.002 * ORDERS < len(day.rejections) < 0.10 * ORDERS
    late = Counter(day.confirmations["status"])["carried"]
    assert 0.002 * ORDERS < late < 0.006 * ORDERS
    kinds = Counter(day.confirmations["kind"])
    shares = {"subscribe": (0.30, 0.60), "periodic": (0.10, 0.35), "redeem": (0.20, 0.40)}
    if made.name == "transfer-agent":
        shares["switch"] = (0.03, 0.12)
    for kind, (least, most) in shares.items():
        assert least * ORDERS < kinds[kind] < most * ORDERS, kind
    assert day.income["paid"].sum() > 0


def test_the_gate_trips_and_the_price_swings(tmp_path: Path) -> None:
    _generate(tmp_path / "day", "transfer-agent")
    day = _cleared(tmp_path / "day")
    gated = day.confirmations.filter(day.confirmations["reason"] == "gate")
    assert set(gated["fund"]) == {"000001"}
    assert gated["deferred"].sum() > 0
    assert day.cancelled["cancelled"].sum() > 0
    bought = day.confirmations.filter(
        (day.confirmations["fund"] == "000002") & (day.confirmations["status"] == "confirmed")
    )
    nav = fc.Fixed.parse(["1.0037"], scale=4).mul("1.003", scale=4, rounding="half_up")[0]
    assert {Decimal(price) for price in bought["price"]} == {nav}


def test_the_command_clears_what_it_made(made: Path, tmp_path: Path) -> None:
    lots = ("--lots", made / "lots-000.parquet") if made.name == "transfer-agent" else ()
    given = ("--terms", made / "terms.toml", "--prices", made / "prices.toml")
    register = ("--positions", made / "positions-000.parquet", *lots)
    said = run("clear", made / "orders-000.parquet", *given, *register, "--out", tmp_path / "day", "--quiet")
    assert said.returncode == 0, said.stderr


def test_accounts_are_texts_and_ids_are_in_no_order(tmp_path: Path) -> None:
    size = {"orders": 3_000, "accounts": 500}
    _generate(tmp_path / "made", "transfer-agent", "--account-texts", 8, "--order-ids", "random", **size)
    orders = columnar.read(tmp_path / "made" / "orders-000.parquet", fc.Orders)
    assert all(len(account) == 8 and account.isdecimal() for account in set(orders["account"]))
    ids = orders["order_id"].tolist()
    assert ids != sorted(ids)
    assert len(ids) * 0.99 < len(set(ids)) <= len(ids)
    positions, lots, proof = _read(tmp_path / "made")
    assert lots is not None
    assert proof.digests["out.register"] == register_fingerprint(positions)
    assert proof.digests["out.lots"] == fingerprint("lots", lots)
    _cleared(tmp_path / "made").proof.check()


def test_a_day_without_orders_clears(tmp_path: Path) -> None:
    _generate(tmp_path / "made", "yuebao", orders=0, accounts=3)
    assert len(_cleared(tmp_path / "made").positions) == 3


@pytest.mark.parametrize(
    ("changed", "code", "says"),
    [
        ({"profile": "pension"}, 1, "argument"),
        ({"accounts": 0}, 1, "argument"),
        ({"orders": -1}, 1, "terms"),
        ({"date": "2017-04-29"}, 1, "argument"),
        ({"date": "tomorrow"}, 1, "terms"),
        ({"account-texts": 2}, 1, "argument"),
        ({"threads": 0}, 1, "threads"),
        ({"order-ids": "falling"}, 2, "order-ids"),
        ({"orders": "many"}, 2, "orders"),
    ],
)
def test_arguments_that_are_refused(tmp_path: Path, changed: dict[str, object], code: int, says: str) -> None:
    given = {"profile": "yuebao", "orders": 10, "accounts": 100, "out": tmp_path / "made"} | changed
    said = run("generate", *(part for name, value in given.items() for part in (f"--{name}", value)))
    assert said.returncode == code
    assert says in said.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "kept.txt").write_text("kept")
    said = run("generate", "--profile", "yuebao", "--orders", 1, "--accounts", 1, "--out", tmp_path / "made")
    assert said.returncode == 1
    assert "error [folder-exists]" in said.stderr
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["kept.txt"]
