"""``fundclear run``: made-up days from files to a folder, as in memory, and what is refused before any work."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import fundclear as fc
from fundclear import batch, dayfile
from fundclear.cli_run import _Watch
from fundclear.formats import columnar
from fundclear.proof import Proof
from support.batching import with_text_accounts
from support.sample import run

ORDERS, ACCOUNTS = 6_000, 1_500


@pytest.fixture(scope="module", params=["yuebao", "transfer-agent"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("made") / request.param
    size = ("--orders", ORDERS, "--accounts", ACCOUNTS)
    said = run("generate", "--profile", request.param, *size, "--out", folder)
    assert said.returncode == 0, said.stderr
    return folder


def _in_memory(made: Path, out: Path) -> None:
    terms = fc.Terms.from_toml(made / "terms.toml")
    prices = dayfile.read(made / "prices.toml", terms)
    assert prices.date is not None
    lots = made / "lots-000.parquet"
    day = fc.clear(
        columnar.read(made / "orders-000.parquet", fc.Orders),
        terms=terms,
        date=prices.date,
        prices=prices.prices,
        income=prices.income,
        decisions=prices.decisions,
        positions=columnar.read(made / "positions-000.parquet", fc.Positions),
        lots=columnar.read(lots, fc.Lots) if lots.exists() else None,
        previous=Proof.from_dict(json.loads((made / "proof.json").read_text(encoding="utf-8"))),
    )
    day.write(out)


def test_a_run_writes_what_a_day_in_memory_writes_and_is_done_once(made: Path, tmp_path: Path) -> None:
    said = run("run", "--in", made, "--out", tmp_path / "day")
    assert said.returncode == 0, said.stderr
    assert "all hold" in said.stdout
    _in_memory(made, tmp_path / "memory")
    files = {path.name: path.read_bytes() for path in (tmp_path / "day").iterdir() if path.name != "run.json"}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "memory").iterdir()}
    stamp = (tmp_path / "day" / "manifest.json").stat().st_mtime_ns
    again = run("run", "--in", made, "--out", tmp_path / "day", "--threads", 1, "--memory", "1MiB")
    assert again.returncode == 0
    assert "finished before" in again.stdout
    assert (tmp_path / "day" / "manifest.json").stat().st_mtime_ns == stamp
    assert run("verify", tmp_path / "day").returncode == 0
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_accounts_that_are_any_texts_have_a_phase_of_their_own(made: Path, tmp_path: Path) -> None:
    source = shutil.copytree(made, tmp_path / "source")
    with_text_accounts(source)
    (source / "proof.json").unlink()
    said = run("run", "--in", source, "--out", tmp_path / "day")
    assert said.returncode == 0, said.stderr
    assert "dictionary of account: texts" in said.stdout
    told = json.loads((tmp_path / "day" / "run.json").read_text(encoding="utf-8"))
    assert 0 < told["dictionaries"]["account"]["texts"] <= told["dictionaries"]["account"]["rows"]
    assert told["dictionaries"]["account"]["rows"] == sum(told["rows"].values())
    assert told["seconds"]["dictionary"] >= 0
    assert run("verify", tmp_path / "day").returncode == 0


def test_other_inputs_under_the_same_name_are_refused(made: Path, tmp_path: Path) -> None:
    assert run("run", "--in", made, "--out", tmp_path / "day", "--quiet").returncode == 0
    other = shutil.copytree(made, tmp_path / "other")
    prices = other / "prices.toml"
    prices.write_text(prices.read_text(encoding="utf-8").replace('= "1.0000"', '= "1.0001"'), encoding="utf-8")
    said = run("run", "--in", other, "--out", tmp_path / "day")
    assert said.returncode == 1
    assert "[run-inputs]" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "code"), [(("--memory", "much"), "[argument]"), (("--terms", "nowhere.toml"), "[io]")]
)
def test_what_cannot_be_run_is_said_before_any_work(
    made: Path, tmp_path: Path, arguments: tuple[str, str], code: str
) -> None:
    said = run("run", "--in", made, "--out", tmp_path / "day", *arguments)
    assert said.returncode == 1
    assert code in said.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_orders_is_refused(made: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    given = ("--terms", made / "terms.toml", "--prices", made / "prices.toml")
    said = run("run", "--in", empty, "--out", tmp_path / "day", *given)
    assert (said.returncode, "[run-files]" in said.stderr) == (1, True)


def test_progress_as_json_is_one_object_a_line(made: Path, tmp_path: Path) -> None:
    said = run("run", "--in", made, "--out", tmp_path / "day", "--log-json")
    assert said.returncode == 0
    for line in said.stderr.splitlines():
        told = json.loads(line)
        assert set(told) == {"seconds", "left", *batch.Standing._fields}
        assert told["left"] is None or told["left"] >= 0


def test_a_terminal_shows_rate_and_time_left_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 1.0, 2.0, 3.0])
    monkeypatch.setattr("fundclear.cli_run.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    watch = _Watch(as_json=False)
    watch(batch.Standing("read", 1_000, 0, 0, 0, 200_000))
    watch(batch.Standing("read", 3_500, 0, 0, 0, 200_000))
    watch(batch.Standing("decide", 200_000, 0, 0, 0, 0))
    watch.end()
    shown = [
        "read: 1,000 of 200,000 rows",
        "read: 3,500 of 200,000 rows, 2,500 a second, 1 min 19 s left",
        "decide: 200,000 rows",
        "",
    ]
    assert capsys.readouterr().err == "".join(f"\r\x1b[K{line}" for line in shown)


def test_a_day_follows_the_folder_of_the_day_before(made: Path, tmp_path: Path) -> None:
    assert run("run", "--in", made, "--out", tmp_path / "first", "--quiet").returncode == 0
    size = ("--orders", ORDERS, "--accounts", ACCOUNTS, "--seed", 9, "--date", "2017-04-28", "--out", tmp_path / "next")
    assert run("generate", "--profile", made.name, *size).returncode == 0
    for other in [*(tmp_path / "next").glob("positions*"), *(tmp_path / "next").glob("lots*")]:
        other.unlink()
    given = ("--in", tmp_path / "next", "--terms", made / "terms.toml", "--previous", tmp_path / "first")
    said = run("run", *given, "--out", tmp_path / "second")
    assert said.returncode == 0, said.stderr
    terms = fc.Terms.from_toml(made / "terms.toml")
    prices = dayfile.read(tmp_path / "next" / "prices.toml", terms)
    assert prices.date is not None
    day = fc.clear(
        columnar.read(tmp_path / "next" / "orders-000.parquet", fc.Orders),
        terms=terms,
        date=prices.date,
        prices=prices.prices,
        income=prices.income,
        decisions=prices.decisions,
        previous=fc.open_day(tmp_path / "first"),
    )
    day.write(tmp_path / "memory")
    assert day.proof["U5"]
    files = {path.name: path.read_bytes() for path in (tmp_path / "second").iterdir() if path.name != "run.json"}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "memory").iterdir()}
    # The proof alone is held against, and nothing is taken from it.
    (tmp_path / "proof.json").write_text(json.dumps(fc.open_day(tmp_path / "first").proof.to_dict()), encoding="utf-8")
    said = run("run", *given[:-1], tmp_path / "proof.json", "--out", tmp_path / "third")
    assert (said.returncode, "[positions-needed]" in said.stderr) == (1, True), said.stderr
    said = run("run", *given[:-1], made / "terms.toml", "--out", tmp_path / "third")
    assert (said.returncode, "it is no proof of a day" in said.stderr) == (1, True)
