# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How published ports are written."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Port
from ansible_collections.mooring.cnm.plugins.module_utils.model.port import read_ports
from ansible_collections.mooring.cnm.plugins.module_utils.model.report import Report

EVERY = IPv4Address("0.0.0.0")


def read(raw: object, default: IPv4Address | None = None) -> tuple[tuple[Port, ...], list[tuple[str, str]]]:
    """The ports, and (path, message) of each problem."""
    report = Report("node1")
    ports = read_ports(report, "ports", raw, default)
    return ports, [(problem.path, problem.message) for problem in report.problems]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("8080:80", [Port(8080, 80)]),
        ("8080:80/tcp", [Port(8080, 80)]),
        ("53:53/UDP", [Port(53, 53, "udp")]),
        ("127.0.0.1:8443:443", [Port(8443, 443, "tcp", IPv4Address("127.0.0.1"))]),
        ("5000-5002:6000-6002/udp", [Port(5000, 6000, "udp"), Port(5001, 6001, "udp"), Port(5002, 6002, "udp")]),
        ("192.0.2.1:1-2:1-2", [Port(1, 1, "tcp", IPv4Address("192.0.2.1")), Port(2, 2, "tcp", IPv4Address("192.0.2.1"))]),
        ("7-7:8", [Port(7, 8)]),
        ("80", [Port(0, 80)]),
        (":80", [Port(0, 80)]),
        ("0:80/sctp", [Port(0, 80, "sctp")]),
        ("80-81", [Port(0, 80), Port(0, 81)]),
        ("127.0.0.1::80", [Port(0, 80, "tcp", IPv4Address("127.0.0.1"))]),
        ("8000-8005:80", [Port(0, 80, choice=(8000, 8005))]),
        ("[fd00::1]:8080:80/udp", [Port(8080, 80, "udp", IPv6Address("fd00::1"))]),
        ("fd00::1:8080:80", [Port(8080, 80, "tcp", IPv6Address("fd00::1"))]),
        ("[::]:1-2:3-4", [Port(1, 3, "tcp", IPv6Address("::")), Port(2, 4, "tcp", IPv6Address("::"))]),
        ({"target": 80}, [Port(0, 80)]),
        ({"target": 80, "published": "8000-8001"}, [Port(0, 80, choice=(8000, 8001))]),
        ({"target": "80-81", "published": "8000-8001"}, [Port(8000, 80), Port(8001, 81)]),
        ({"target": 80, "published": 0, "allow_from": []}, [Port(0, 80, allow_from=())]),
        (
            {"target": 80, "published": 80, "allow_from": ["fd00::/64", "192.0.2.1", "10.0.0.0/8", "10.0.0.0/8"]},
            [Port(80, 80, allow_from=(IPv4Network("10.0.0.0/8"), IPv4Network("192.0.2.1/32"), IPv6Network("fd00::/64")))],
        ),
        ("65535:65535", [Port(65535, 65535)]),
        ({"target": 80, "published": "8080"}, [Port(8080, 80)]),
        ({"target": "80", "published": 8080, "host_ip": "192.0.2.1", "protocol": "udp"}, [Port(8080, 80, "udp", IPv4Address("192.0.2.1"))]),
    ],
)
def test_ports(raw: object, expected: list[Port]) -> None:
    assert read([raw]) == (tuple(expected), [])


def test_a_range_as_large_as_can_be() -> None:
    ports, problems = read(["1-65535:1-65535"])
    assert (len(ports), problems) == (65535, [])


def test_the_default_address_is_for_ports_that_name_none() -> None:
    default = IPv4Address("127.0.0.1")
    ports, problems = read(["1:1", "0.0.0.0:2:2", {"target": 3, "published": 3}, {"target": 4, "published": 4, "host_ip": "0.0.0.0"}], default)
    assert problems == []
    assert [port.host_ip for port in ports] == [default, EVERY, default, EVERY]


def test_ports_are_sorted() -> None:
    assert read(["2:2", "1:1/udp", "1:1"])[0] == (Port(1, 1, "tcp"), Port(1, 1, "udp"), Port(2, 2))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (80, "in quotes"),
        (1342, "in quotes"),
        ("80:8000-8005", "the host's range has 1 ports and the sandbox's 6"),
        ("5000-5001:5000-5002", "the host's range has 2 ports and the sandbox's 3"),
        ("5005-5000:1-6", "the range 5005-5000 ends before it begins"),
        ("8080:80/icmp", "tcp, udp or sctp"),
        ("8080:80/", "tcp, udp or sctp"),
        ("[::1]:8080:80", "not published on ::1"),
        ("::1:8080:80", "not published on ::1"),
        ("[fe80::1]:8080:80", "known on one link only"),
        ("[::ffff:10.0.0.1]:8080:80", "not an address that a host can have"),
        ("[fd00::1%eth0]:8080:80", "without '%'"),
        ("[fd00::1:8080:80", "an address such as"),
        ("300.0.0.1:8080:80", "an address such as"),
        ("224.0.0.1:8080:80", "not an address that a host can have"),
        ("255.255.255.255:1:1", "not an address that a host can have"),
        ("70000:80", "1 to 65535"),
        ("80:0", "1 to 65535"),
        ("http:80", "HOST_IP"),
        ("8080:80 ", "HOST_IP"),
        ("٨٠:٨٠", "HOST_IP"),
        ("", "HOST_IP"),
        (True, "a port is text"),
        (1.5, "a port is text"),
        (["8080:80"], "a port is text"),
        (None, "a port is text"),
        ({"published": 80}, "'target' is missing"),
        ({"target": 80, "published": True}, "a whole number"),
        ({"target": "80-82", "published": "8000-8001"}, "the host's range has 2 ports and the sandbox's 3"),
        ({"target": "x", "published": 80}, "a whole number"),
        ({"target": 80, "published": 80, "mode": "host"}, "'mode' is not yet supported"),
        ({"target": 80, "published": 80, "host_ip": "::1"}, "not published on ::1"),
        ({"target": 80, "published": 80, "allow_from": "192.0.2.1"}, "a list is expected"),
        ({"target": 80, "published": 80, "allow_from": ["192.0.2.1/24"]}, "write 192.0.2.0/24"),
    ],
)
def test_no_ports(raw: object, words: str) -> None:
    ports, problems = read(["1:1", raw])
    assert words in problems[0][1]
    assert problems[0][0].startswith("ports[1]")
    assert len(problems) == 1
    assert ports[0] == Port(1, 1)


def test_ports_are_a_list() -> None:
    assert read("8080:80") == ((), [("ports", "a list is expected")])
    assert read(None) == ((), [])


def test_a_long_port_with_an_unknown_key_names_the_nearest() -> None:
    assert read([{"targt": 80, "target": 80, "published": 80}])[1] == [("ports[0].targt", "there is no key 'targt' here: did you mean 'target'?")]
