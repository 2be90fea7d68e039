"""Whose requests are counted together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.web.addresses import counted_as
from registry.web.application import build_application
from tests.conftest import sample_certificate


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::7", "2001:db8:1:3::/64"),
        ("fe80::7%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("192.0.2.7:4711", "192.0.2.7:4711"),
        (":::", ":::"),
        ("unix", "unix"),
        ("", "127.0.0.1"),
        (None, "127.0.0.1"),
    ],
)
def test_an_address_is_counted_as_its_network(address: str | None, key: str) -> None:
    assert counted_as(address) == key


def test_the_addresses_of_one_network_share_a_limit_on_both_paths(sqlite_registry: Registry) -> None:
    public_id = issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id
    strict = replace(sqlite_registry.settings, rate_limit_public="3 per minute")
    client = build_application(replace(sqlite_registry, settings=strict)).test_client()

    def status(address: str, path: str) -> int:
        return client.get(path, environ_overrides={"REMOTE_ADDR": address}).status_code

    # One is answered in front of Flask, the other one by it.
    paths = [f"/api/v1/verify/{public_id}", "/api/v1/issuers"]
    assert [status(f"2001:db8::{host}", paths[host % 2]) for host in range(5)] == [200, 200, 200, 429, 429]
    assert status("2001:db8:0:1::1", paths[0]) == 200
    assert [status(f"192.0.2.{host}", paths[host % 2]) for host in range(5)] == [200] * 5
