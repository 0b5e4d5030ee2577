"""A day larger than memory: generated once, run, reported by phase, beside what DuckDB and Polars do of it exactly.

The peers group the day's cash by account and by kind, price it at 1.0000 in integers, and write what comes out; they do
not validate, share income out, keep a register, settle, or prove anything. Their sums are compared with the day's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import fundclear as fc
from fundclear import batch, dayfile, generating
from fundclear.proof import Proof

#: The kinds whose quantity is cash.
CASH = ("subscribe", "periodic")


def main() -> None:
    options = _options()
    folder = Path(options.folder)
    if options.only:
        print(json.dumps(_only(options, folder)))
        return
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    if not (folder / "in").exists():
        _child(options, "generate")
    made = json.loads((folder / "in" / "generate.json").read_text(encoding="utf-8"))["asked"]
    asked = {
        "orders": options.orders,
        "accounts": options.accounts,
        "profile": options.profile,
        "order_ids": options.ids,
    }
    if made | asked != made:
        raise SystemExit(f"{folder} has another day: {made}")
    report: dict[str, Any] = {
        "profile": options.profile,
        "orders": options.orders,
        "accounts": options.accounts,
        "order_ids": options.ids,
        "cores": os.cpu_count(),
        "generated_in": round(time.monotonic() - began, 1),
        "limits": _child(options, "limits"),
    }
    report |= _child(options, "run")
    report["in_a_cgroup"] = _limited(options)
    for peer in options.against:
        report[peer] = _peer(peer, options, report["cash"])
    text = json.dumps(report, indent=1, sort_keys=True) + "\n"
    Path(options.report).write_text(text, encoding="utf-8")
    print(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=300_000_000)
    parser.add_argument("--accounts", type=int, default=100_000_000)
    parser.add_argument("--profile", default="yuebao")
    parser.add_argument("--ids", default="sequential")
    parser.add_argument("--memory", default="8GiB")
    parser.add_argument("--folder", default="build/big-day")
    parser.add_argument("--report", default="benches/reports/big_day.json")
    parser.add_argument("--against", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--only", choices=["generate", "limits", "run", *PEERS], help=argparse.SUPPRESS)
    return parser.parse_args()


def _limits(folder: Path) -> dict[str, float]:
    """What the machine can do at most: bytes a second copied in memory, and written to the disk and synced."""
    size = 1 << 28
    source, target = bytearray(os.urandom(1 << 20)) * (size >> 20), bytearray(size)
    copied = min(_timed(lambda: target.__setitem__(slice(None), source)) for _ in range(5))
    path = folder / "limit"

    def write() -> None:
        with path.open("wb") as file:
            file.write(source)
            file.flush()
            os.fsync(file.fileno())

    written = min(_timed(write) for _ in range(3))
    path.unlink()
    return {"copy_bytes_a_second": round(size / copied), "write_bytes_a_second": round(size / written)}


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _only(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One part of all, in this process."""
    if options.only == "run":
        return _run(folder, options.memory)
    if options.only == "limits":
        return dict(_limits(folder))
    if options.only != "generate":
        return PEERS[options.only](folder / "in", folder / options.only)
    size = {"orders": options.orders, "accounts": options.accounts}
    return dict(generating.generate(folder / "in", profile=options.profile, order_ids=options.ids, **size))


def _child(options: argparse.Namespace, what: str, begin: Callable[[], None] | None = None) -> dict[str, Any]:
    """A part in a process of its own: what it says of its memory is its own, for this one takes little."""
    command = [sys.executable, __file__, "--folder", options.folder, "--only", what, "--memory", options.memory]
    command += ["--orders", str(options.orders), "--accounts", str(options.accounts)]
    command += ["--profile", options.profile, "--ids", options.ids]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=begin)
    if done.returncode:
        raise RuntimeError("".join(done.stderr.strip().splitlines()[-1:]) or f"{what}: exit code {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _limited(options: argparse.Namespace) -> dict[str, Any]:
    """The run once more where the system lets it have no more memory than it was told, if that can be had here."""
    for root, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        group = Path(root) / f"fundclear-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / limit).write_text(options.memory.removesuffix("iB"), encoding="ascii")
            found = _child(options, "run", partial(_join, group))
            return {"memory": options.memory, "seconds": found["seconds"]}
        except (OSError, RuntimeError) as error:
            return {"memory": options.memory, "failed": str(error)}
        finally:
            group.rmdir()
    return {"failed": "no group can be made here"}


def _join(group: Path) -> None:
    """Lets this process belong to a group."""
    (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")


def _run(folder: Path, memory: str) -> dict[str, Any]:
    """The run itself."""
    given, out = folder / "in", folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    terms = fc.Terms.from_toml(given / "terms.toml")
    prices = dayfile.read(given / "prices.toml", terms)
    lots = given if any(given.glob("lots*")) else None
    before = Proof.from_dict(json.loads((given / "proof.json").read_text(encoding="utf-8")))
    began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    assert prices.date is not None
    day = batch.run(
        given,
        out,
        terms=terms,
        date=prices.date,
        prices=prices.prices,
        income=prices.income,
        decisions=prices.decisions,
        positions=given,
        lots=lots,
        previous=before,
        memory=memory,
    )
    seconds = time.monotonic() - began
    now = resource.getrusage(resource.RUSAGE_SELF)
    day.proof.check()
    cash = sum(entry.left for entry in day.proof["O2"] if any(kind in entry.scope.split() for kind in CASH))
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, 2),
        "phases": day.made["seconds"],
        "cpu_by_phase": day.made["cpu_seconds"],
        "memory": day.made["memory"],
        "bytes": day.made["bytes"],
        "laws": len(day.proof),
        "cash": str(cash),
    }


# ---- peers ----


def _duckdb(given: Path, out: Path) -> dict[str, Any]:
    import duckdb

    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    kinds = ", ".join(f"'{kind}'" for kind in CASH)
    rows = f"read_parquet('{given}/orders*.parquet')"
    minor = "CAST(sum(CAST(quantity * 100 AS BIGINT)) AS BIGINT) AS minor"
    duckdb.sql(
        f"COPY (SELECT account, fund, kind IN ({kinds}) AS is_cash, {minor}, count(*) AS orders FROM {rows} "
        f"GROUP BY ALL) TO '{out}/net.parquet' (FORMAT parquet)"
    )
    seconds = time.monotonic() - began
    [(found,)] = duckdb.execute(f"SELECT sum(minor) FROM '{out}/net.parquet' WHERE is_cash").fetchall()
    return {"seconds": round(seconds, 2), "most_memory": _most(), "cash_minor": str(found)}


def _polars(given: Path, out: Path) -> dict[str, Any]:
    import polars as pl

    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    is_cash = pl.col("kind").is_in(CASH).alias("is_cash")
    minor = (pl.col("quantity") * 100).cast(pl.Int64).alias("minor")
    frame = pl.scan_parquet(f"{given}/orders*.parquet").select("account", "fund", is_cash, minor)
    net = frame.group_by("account", "fund", "is_cash").agg(pl.col("minor").sum(), pl.len().alias("orders"))
    net.sink_parquet(out / "net.parquet")
    seconds = time.monotonic() - began
    cash = (
        pl.scan_parquet(out / "net.parquet").filter("is_cash").select(pl.col("minor").cast(pl.Int128).sum()).collect()
    )
    return {"seconds": round(seconds, 2), "most_memory": _most(), "cash_minor": str(cash.item())}


#: By name, what does as much of the day as it can exactly: netting, pricing at 1.0000, writing.
PEERS: dict[str, Callable[[Path, Path], dict[str, Any]]] = {"duckdb": _duckdb, "polars": _polars}


def _most() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _peer(peer: str, options: argparse.Namespace, cash: str) -> dict[str, Any]:
    """What a peer does."""
    try:
        found = _child(options, peer)
    except RuntimeError as error:
        return {"failed": str(error)}
    finally:
        shutil.rmtree(Path(options.folder) / peer, ignore_errors=True)
    expected = str(int(fc.Fixed.parse([cash], scale=2, rounding="half_up").minor[0]))
    found["same_cash"] = found.pop("cash_minor") == expected
    return found


if __name__ == "__main__":
    main()
