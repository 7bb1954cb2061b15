# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger is read and written."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Network

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Grant, Ledger, ledger_dict, read_ledger
from ansible_collections.mooring.cnm.plugins.module_utils.model.reserved import Reserved
from ansible_collections.mooring.cnm.tests.unit.model.declared import ANYTHING, UNHURRIED
from hypothesis import given
from hypothesis import strategies as st

LEDGER = Ledger(
    networks={"node1/front": Grant((IPv4Network("172.17.0.0/16"),)), "backbone": Grant((IPv4Network("10.0.0.0/24"),), (256,))},
    endpoints={"node1/front": {"node1/web": (IPv4Address("172.17.0.2"),), "node1/db": (IPv4Address("172.17.0.3"),)}},
    ranges={"lan": {"node1": IPv4Network("192.0.2.0/27")}},
    seen={"node1": Reserved((IPv4Network("198.18.0.0/16"),), (), (), IPv4Address("198.18.0.2"), 1500)},
)


def test_written_and_read_again() -> None:
    written = json.loads(json.dumps(ledger_dict(LEDGER)))
    assert read_ledger(written) == (LEDGER, [])
    assert list(written["endpoints"]["node1/front"]) == ["node1/db", "node1/web"]
    assert written["networks"] == {"backbone": {"subnets": ["10.0.0.0/24"], "vnis": [256]}, "node1/front": {"subnets": ["172.17.0.0/16"], "vnis": []}}
    assert written["version"] == 1


@pytest.mark.parametrize("raw", [None, {}, {"version": 1}, {"version": 1, "networks": None, "endpoints": {}, "ranges": None, "seen": None}])
def test_an_empty_one(raw: object) -> None:
    assert read_ledger(raw) == (Ledger(), [])


@pytest.mark.parametrize(
    ("raw", "path", "words"),
    [
        ([], "ledger", "a dictionary"),
        ("version: 1", "ledger", "a dictionary"),
        ({"networks": {}}, "ledger.version", "it knows version 1"),
        ({"version": 2, "networks": 7}, "ledger.version", "it knows version 1"),
        ({"version": True}, "ledger.version", "it knows version 1"),
        ({"version": 1, "netwrks": {}}, "ledger.netwrks", "did you mean 'networks'?"),
        ({"version": 1, "networks": []}, "ledger.networks", "a dictionary"),
        ({"version": 1, "networks": {"a b": {}}}, "ledger.networks.a b", "NAME or HOST/NAME"),
        ({"version": 1, "networks": {"n/a": []}}, "ledger.networks.n/a", "a dictionary"),
        ({"version": 1, "networks": {"n/a": {"subnets": "x"}}}, "ledger.networks.n/a.subnets", "a list"),
        ({"version": 1, "networks": {"n/a": {"subnets": ["10.0.0.1/24"]}}}, "ledger.networks.n/a.subnets[0]", "write 10.0.0.0/24"),
        ({"version": 1, "networks": {"n/a": {"vnis": ["x"]}}}, "ledger.networks.n/a.vnis[0]", "a whole number"),
        (
            {"version": 1, "networks": {"n/b": {"subnets": ["10.0.0.0/24"]}, "n/a": {"subnets": ["10.0.0.0/16"]}, "m/a": {"subnets": ["10.0.0.0/8"]}}},
            "ledger.networks.n/b.subnets",
            "it overlaps what the ledger gives to n/a",
        ),
        ({"version": 1, "endpoints": {"n/a": {"n/s": "10.0.0.1"}}}, "ledger.endpoints.n/a.n/s", "a list"),
        ({"version": 1, "endpoints": {"n/a": {"n/s": ["10.0.0"]}}}, "ledger.endpoints.n/a.n/s[0]", "an address such as"),
        (
            {"version": 1, "endpoints": {"n/a": {"n/s": ["10.0.0.2"], "n/t": ["10.0.0.2"]}}},
            "ledger.endpoints.n/a.n/t",
            "the ledger gives this address to n/s too",
        ),
        ({"version": 1, "ranges": {"n": {"node1": "10.0.0.9/24"}}}, "ledger.ranges.n.node1", "write 10.0.0.0/24"),
        ({"version": 1, "endpoints": {"n/a": {"n/": ["10.0.0.2"]}}}, "ledger.endpoints.n/a.n/", "NAME or HOST/NAME"),
        ({"version": 1, "endpoints": {"n/": {"n/s": ["10.0.0.2"]}}}, "ledger.endpoints.n/", "NAME or HOST/NAME"),
        ({"version": 1, "ranges": {"": {"node1": "10.0.0.0/24"}}}, "ledger.ranges.", "NAME or HOST/NAME"),
        ({"version": 1, "networks": {"a": {"vnis": [256]}, "b": {"vnis": [257, 256]}}}, "ledger.networks.b.vnis", "gives this VNI to a too"),
        ({"version": 1, "ranges": {"a": {"n": "10.0.0.0/25", "m": "10.0.0.0/26"}}}, "ledger.ranges.a.n", "it overlaps what the ledger gives to m"),
        ({"version": 1, "seen": {"node1": []}}, "ledger.seen.node1", "a dictionary"),
    ],
)
def test_a_broken_one(raw: object, path: str, words: str) -> None:
    _ledger, problems = read_ledger(raw)
    assert [problem.path for problem in problems] == [path]
    assert words in problems[0].message


@UNHURRIED
@given(ANYTHING, st.sampled_from([1, None]))
def test_nothing_raises(raw: object, version: object) -> None:
    ledger, problems = read_ledger(raw | {"version": version} if isinstance(raw, dict) else raw)
    assert all(problem.path.isprintable() for problem in problems)
    assert ledger == read_ledger(ledger_dict(ledger))[0]
