"""``verify()``: nothing is found in a day as it was written, and every change is, by whoever it was made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import fundclear as fc
from support.forging import change_manifest, flip_byte, put_table, rich_day, split_into_parts, with_other_value


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "day"
    rich_day().write(folder)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "day"))


def _found(folder: Path, **given: Any) -> list[str]:
    return [str(finding) for finding in fc.verify(folder, **given).findings]


def test_a_day_as_it_was_written(written: Path) -> None:
    whole = fc.verify(written)
    assert (whole.findings, whole.orders, whole.whole) == ((), 8, True)
    assert whole.comparisons > 60
    whole.check()
    part = fc.verify(written, sample=1)
    assert (part.findings, part.whole) == ((), False)
    assert 0 < part.accounts < whole.accounts


def test_the_day_has_something_in_every_table(written: Path) -> None:
    # Else the forgeries below would change nothing.
    day = fc.open_day(written)
    assert {name for name, table in (day.tables | day.inputs.tables).items() if not len(table)} == set()
    assert {cut.what for cut in day.proof.cuts} == {"income", "gate"}


def test_a_written_day_is_written_again_as_the_same_bytes(written: Path, tmp_path: Path) -> None:
    fc.open_day(written).write(tmp_path / "again")
    names = sorted(path.name for path in written.iterdir())
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == names
    assert all((tmp_path / "again" / name).read_bytes() == (written / name).read_bytes() for name in names)


def test_one_bit_of_any_file(written: Path, tmp_path: Path) -> None:
    for path in sorted(written.iterdir()):
        for place in (0, 97, path.stat().st_size // 2, path.stat().st_size - 2):
            copy = Path(shutil.copytree(written, tmp_path / "day", dirs_exist_ok=True))
            flip_byte(copy / path.name, place)
            found = _found(copy)
            assert any(path.stem in each for each in found), (path.name, place, found)


def test_one_value_of_any_column_with_all_digests_made_again(written: Path, tmp_path: Path) -> None:
    day = fc.open_day(written)
    for name, table in day.tables.items():
        for column in table.columns:
            copy = Path(shutil.copytree(written, tmp_path / "day", dirs_exist_ok=True))
            put_table(copy, name, with_other_value(table, column, len(table) - 1))
            found = _found(copy)
            assert any(f"{name}.parquet" in each or name in each for each in found), (name, column, found)


def test_the_row_and_the_column_are_named(folder: Path) -> None:
    positions = fc.open_day(folder).positions
    put_table(folder, "positions", with_other_value(positions, "frozen", 2))
    (first, *_) = _found(folder)
    assert first == "positions.parquet: row 2, column 'frozen' is 0.01, cleared again 0.00"


def test_one_row_of_any_table_with_all_digests_made_again(written: Path, tmp_path: Path) -> None:
    day = fc.open_day(written)
    for name, table in (day.tables | day.inputs.tables).items():
        copy = Path(shutil.copytree(written, tmp_path / "day", dirs_exist_ok=True))
        put_table(copy, name, table.head(len(table) - 1))
        assert _found(copy), name


def test_one_value_of_any_input_with_all_digests_made_again(written: Path, tmp_path: Path) -> None:
    day = fc.open_day(written)
    for name, table in day.inputs.tables.items():
        for column in table.columns:
            copy = Path(shutil.copytree(written, tmp_path / "day", dirs_exist_ok=True))
            put_table(copy, name, with_other_value(table, column, len(table) - 1))
            assert _found(copy), (name, column)


def test_any_entry_of_the_proof_on_both_sides(written: Path, tmp_path: Path) -> None:
    entries = len(fc.open_day(written).proof)
    for place in range(entries):
        copy = Path(shutil.copytree(written, tmp_path / "day", dirs_exist_ok=True))

        def change(manifest: dict[str, Any], place: int = place) -> None:
            entry = manifest["proof"]["entries"][place]
            entry[2] = entry[3] = str(Decimal(entry[2]) + 1)

        change_manifest(copy, change)
        law = fc.open_day(copy).proof.entries[place].law
        assert any(each.startswith(f"manifest.json: law {law}") for each in _found(copy)), place


CHANGES: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("law O2", lambda m: m["proof"]["entries"].pop(0)),
    ("the proof has more", lambda m: m["proof"]["entries"].append(["T1", "", "0", "0", 0])),
    ("rows", lambda m: m["proof"]["entries"][0].__setitem__(4, 99)),
    ("does not hold", lambda m: m["proof"]["entries"][0].__setitem__(2, "1.00")),
    ("control total 'closing units'", lambda m: m["proof"]["totals"].update({"closing units": "1.00"})),
    ("control total 'more'", lambda m: m["proof"]["totals"].update(more="1.00")),
    ("cuts of the proof", lambda m: m["proof"]["cuts"][0].__setitem__(3, "7")),
    ("cuts of the proof", lambda m: m["proof"]["cuts"].pop()),
    ("'in.orders'", lambda m: m["proof"]["digests"].update({"in.orders": "1" * 32})),
    ("'in.events'", lambda m: m["proof"]["digests"].update({"in.events": "1" * 32})),
    ("'out.flows'", lambda m: m["proof"]["digests"].update({"out.flows": "1" * 32})),
    ("'out.lots'", lambda m: m["proof"]["digests"].pop("out.lots")),
    ("'deferred' that came in", lambda m: m["proof"]["digests"].update({"in.deferred": "1" * 32})),
    ("the fund days", lambda m: m["proof"]["digests"].update({"in.days": "1" * 64})),
    ("tie to the day before", lambda m: m["proof"]["digests"].update(previous="1" * 64)),
    ("terms' digest", lambda m: m["proof"]["digests"].update(terms="1" * 64)),
    ("date of the proof", lambda m: m["proof"].update(date="2017-04-26")),
    ("2017-04-26", lambda m: m.update(date="2017-04-26")),
    ("digest of the terms", lambda m: m.update(terms="1" * 64)),
    ("what it speaks of", lambda m: m.update(note="hello")),
    ("unknown table 'more'", lambda m: m["tables"].update(more=m["tables"]["lots"])),
    ("does not list the table 'lots'", lambda m: m["tables"].pop("lots")),
    ("the manifest says 99", lambda m: m["tables"]["flows"]["files"][0].update(rows=99)),
    ("SHA-256", lambda m: m["tables"]["flows"]["files"][0].update(sha256="0" * 64)),
    ("number of rows of the table 'flows'", lambda m: m["tables"]["flows"].update(rows=99)),
    ("files of the table 'flows'", lambda m: m["tables"]["flows"]["files"][0].update(file="lots.parquet")),
    ("layout 1", lambda m: m.update(layout=1)),
    ("SHA-256", lambda m: m["files"].update({"terms.toml": "0" * 64})),
    ("does not list the file", lambda m: m["files"].pop("terms.toml")),
    ("orders", lambda m: m["given"]["orders"].pop()),
    ("layout", lambda m: m.update(layout=99)),
]


@pytest.mark.parametrize(("said", "change"), CHANGES, ids=range(len(CHANGES)))
def test_one_figure_of_the_manifest(folder: Path, said: str, change: Callable[[dict[str, Any]], Any]) -> None:
    change_manifest(folder, change)
    found = _found(folder)
    assert any(said in each for each in found), found


def test_blanks_in_the_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"layout": 2', '"layout":  2'))
    assert _found(folder) == ["manifest.json: it is not written as manifests are"]


def test_files_that_are_missing_or_too_many(folder: Path) -> None:
    (folder / "more.txt").write_text("")
    assert _found(folder) == ["more.txt: the manifest does not list the file"]
    (folder / "more.txt").unlink()
    (folder / "lots.parquet").unlink()
    assert "lots.parquet: the file is missing" in _found(folder)


def test_what_is_found_is_raised_on_demand(folder: Path) -> None:
    flip_byte(folder / "terms.toml", 3)
    verification = fc.verify(folder)
    with pytest.raises(fc.InputError, match=r"1 findings|2 findings") as caught:
        verification.check()
    assert caught.value.code == "verification"
    assert "findings, terms.toml: " in repr(verification)


def test_a_sample_names_rows_of_the_whole_table(folder: Path) -> None:
    positions = fc.open_day(folder).positions
    put_table(folder, "positions", with_other_value(positions, "units", len(positions) - 1))
    found = _found(folder, sample=100)
    assert any(each.startswith("manifest.json: law U1 for ") for each in found), found


def test_what_is_no_folder_of_a_day(tmp_path: Path) -> None:
    with pytest.raises(fc.InputError) as caught:
        fc.verify(tmp_path)
    assert caught.value.code == "folder"
    for sample in (0, -1, "all"):
        with pytest.raises(fc.InputError):
            fc.verify(tmp_path, sample=sample)  # type: ignore[arg-type]


# ---- orders that came without ids ----


def _without_ids(**more: Any) -> fc.Clearing:
    """Fifty orders of fifty accounts, which stand the other way round than the accounts."""
    amounts = [f"{row + 1}.00" for row in range(50)]
    orders = fc.Orders(account=list(range(50, 0, -1)), fund="F", kind="subscribe", amount=amounts, **more)
    return fc.clear(orders, terms=fc.Terms([fc.Fund("F", currency="CNY")]), prices={"F": "1.1688"}, date="2017-04-27")


@pytest.mark.parametrize("sample", [None, 1, 7, 100])
def test_orders_without_ids_keep_those_that_were_made(tmp_path: Path, sample: int | None) -> None:
    _without_ids().write(tmp_path / "day")
    assert _found(tmp_path / "day", sample=sample) == []


@pytest.mark.parametrize("sample", [None, 1, 7, 100])
def test_so_do_those_with_several_charges(tmp_path: Path, sample: int | None) -> None:
    day = _without_ids(discount=["0.5"] * 50, rate=["0", "0.01"] * 25)
    day.write(tmp_path / "day")
    several = fc.open_day(tmp_path / "day").inputs.several_charges
    assert several is not None
    told = day.confirmations.filter(day.confirmations["own_charge"] == "several")
    pairs = zip(told["account"].tolist(), told["order_id"].tolist(), strict=True)
    assert set(zip(several["account"].tolist(), several["order_id"].tolist(), strict=True)) == set(pairs)
    assert _found(tmp_path / "day", sample=sample) == []


def test_an_id_that_was_made_is_held_against_the_order(tmp_path: Path) -> None:
    day = _without_ids()
    day.write(tmp_path / "day")
    put_table(tmp_path / "day", "confirmations", with_other_value(day.confirmations, "account", 0))
    assert _found(tmp_path / "day")


# ---- days in parts ----


@pytest.fixture(scope="module")
def parted(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(written, tmp_path_factory.mktemp("parted") / "day"))
    split_into_parts(folder, 2)
    return folder


def _places(path: Path) -> dict[str, range]:
    """By what findings call it, where each column of a file stands; what is behind all of them is the footer."""
    metadata, found, end = pq.read_metadata(path), {"its first bytes": range(4)}, 4
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            begin, end = end, end + column.total_compressed_size
            found[f'row group {group}, column "{column.path_in_schema}"'] = range(begin, end)
    return found | {"its footer": range(end, path.stat().st_size)}


def test_one_byte_anywhere_in_a_day_in_parts_is_named(parted: Path, tmp_path: Path) -> None:
    assert _found(parted) == _found(parted, sample=3) == []
    copy = Path(shutil.copytree(parted, tmp_path / "day"))
    for path in sorted(copy.iterdir()):
        whole = path.read_bytes()
        for place in range(0, len(whole), max(len(whole) // 11, 1)):
            flip_byte(path, place)
            found = _found(copy, sample=3)
            assert any(each.startswith(f"{path.name}: ") for each in found), (path.name, place, found)
            if path.suffix == ".parquet":
                (named,) = [what for what, where in _places(parted / path.name).items() if place in where]
                assert found[0].endswith(f"; what differs is {named}"), (path.name, place, found)
            path.write_bytes(whole)


def test_what_a_part_says_against_its_columns(parted: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(parted, tmp_path / "day"))
    file = "positions-001.parquet"
    shutil.copy(copy / "lots-001.parquet", copy / file)
    (first, *_) = _found(copy, sample=1)
    assert first.startswith(f"{file}: its SHA-256 is ")
    assert any(each.startswith(f"{file}: it cannot be read: ") for each in _found(copy, sample=1))


def test_a_sample_names_the_file_of_a_part(written: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(written, tmp_path / "day"))
    positions = fc.open_day(copy).positions
    row = positions["account"].to_list().index("F")
    put_table(copy, "positions", with_other_value(positions, "issued", row))
    split_into_parts(copy, 2)
    found = _found(copy, sample=100)
    assert any(each.startswith("positions-003.parquet: row 0, column 'issued' is 0.01") for each in found), found


def test_a_duplicate_of_nothing_is_found_in_any_account(written: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(written, tmp_path / "day"))
    confirmations = fc.open_day(copy).confirmations
    row = confirmations["status"].to_list().index("rejected")
    assert confirmations["reason"][row] != "duplicate"
    reasons = confirmations["reason"].to_list()
    reasons[row] = "duplicate"
    columns = {name: confirmations.column(name) for name in confirmations.columns}
    put_table(copy, "confirmations", type(confirmations).from_columns(columns | {"reason": fc.Labels.of(reasons)}))
    split_into_parts(copy, 1)
    assert any("is rejected as a duplicate, and no other order has" in each for each in _found(copy, sample=1))


def test_a_cut_at_nobody_is_found(folder: Path) -> None:
    change_manifest(folder, lambda manifest: manifest["proof"]["cuts"][0].__setitem__(4, "nobody"))
    assert any("the proof cuts at 'nobody'" in each for each in _found(folder, sample=1))
