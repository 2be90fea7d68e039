"""Registers full of certificates, made through the service."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import stdnum.cn.uscc

from registry.domain.certificate import Authorization, Certificate, HolderId
from registry.domain.schemes import Text
from registry.services import manage_issuers, set_up
from registry.services.context import Registry, open_registry, operator
from registry.services.issue import MAX_BATCH, issue_many
from registry.settings import Settings
from tests.conftest import PASSPHRASE, sample_certificate

_TRADES = ("精密机械", "电器", "纺织", "汽车零部件", "塑料制品", "阀门", "电子科技", "包装材料")
_PLACES = ("宁波", "杭州", "温州", "嘉兴", "湖州", "绍兴", "金华", "台州")


def open_benchmark(url: str, folder: Path) -> Registry:
    """A registry with one issuer, ready to be filled."""
    registry = open_registry(
        Settings(database_url=url, base_url="http://127.0.0.1:8000", data_dir=folder, key_passphrase=PASSPHRASE)
    )
    set_up.initialize(registry)
    if not manage_issuers.list_issuers(registry):
        authorization = Authorization("gbt19001-2016", date(2020, 1, 1), None, "CNAS", "C001-M")
        name = Text("基准测试认证中心", "Benchmark Certification Centre")
        manage_issuers.add_issuer(registry, "bench", name, Text("杭州"), "BENCH", [authorization])
    return registry


def certificate(serial: int) -> Certificate:
    """The certificate of a serial number; every holder is another."""
    base = sample_certificate(f"00125Q{serial:07}R0S")
    code = f"91330282MA{serial:07}"
    trade, place = _TRADES[serial % 8], _PLACES[serial // 8 % 8]
    holder = replace(
        base.holder,
        name=Text(f"{place}华丰{serial}号{trade}有限公司", f"Huafeng No. {serial} Machinery Manufacturing Co., Ltd."),
        identifier=HolderId("uscc", code + stdnum.cn.uscc.calc_check_digit(code)),
    )
    return replace(base, holder=holder)


def fill(registry: Registry, first: int, count: int) -> tuple[list[str], float]:
    """Issue `count` certificates from a serial number on; their public ids, and the seconds it took to issue them."""
    actor = operator(registry, "bench")
    public_ids: list[str] = []
    seconds = 0.0
    for start in range(first, first + count, MAX_BATCH):
        batch = [certificate(serial) for serial in range(start, min(start + MAX_BATCH, first + count))]
        begin = time.perf_counter()
        public_ids += issue_many(registry, actor, batch)
        seconds += time.perf_counter() - begin
        print(f"\r  {len(public_ids):,} of {count:,} issued", end="", file=sys.stderr)
    print(file=sys.stderr)
    return public_ids, seconds
