# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is where on the underlay."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.lab.address import UNDERLAY, address_of, ipv6_of, is_underlay_address, mac_of, port_of
from hypothesis import given
from hypothesis import strategies as st

addresses = st.integers(1, UNDERLAY.num_addresses - 2).map(lambda number: UNDERLAY[number])


def test_ansible_host_inside_the_underlay_is_the_address() -> None:
    assert address_of("web", "198.18.7.9") == IPv4Address("198.18.7.9")


@pytest.mark.parametrize("ansible_host", ["", "web.example.org", "10.0.0.1", "198.18.0.0", "198.18.255.255", "198.19.0.1", "fd00:198:18::1"])
def test_any_other_ansible_host_is_not(ansible_host: str) -> None:
    assert not is_underlay_address(ansible_host)
    assert address_of("web", ansible_host) == address_of("web")


def test_a_derived_address_is_the_same_for_ever() -> None:
    assert address_of("web") == IPv4Address("198.18.47.127")


@given(st.text())
def test_every_name_has_a_good_address(name: str) -> None:
    assert is_underlay_address(str(address_of(name)))


def test_what_follows_from_an_address() -> None:
    address = IPv4Address("198.18.1.2")
    assert (str(ipv6_of(address)), mac_of(address), port_of(address)) == ("fd00:198:18::102", "02:00:c6:12:01:02", "p1.2")


@given(addresses, addresses)
def test_two_addresses_never_share_what_follows_from_them(one: IPv4Address, other: IPv4Address) -> None:
    for derive in (ipv6_of, mac_of, port_of):
        assert (derive(one) == derive(other)) == (one == other)


@given(addresses)
def test_a_port_is_a_name_that_the_kernel_takes(address: IPv4Address) -> None:
    assert len(port_of(address)) <= 15
