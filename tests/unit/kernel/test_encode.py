# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is packed here is, to the byte, what pyroute2's message classes encode."""

from __future__ import annotations

import importlib
import socket

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.encode import Attribute, body

_NETLINK_HEADER_BYTES = 16
MESSAGES: dict[str, tuple[str, dict[str, int], list[Attribute]]] = {
    "link": (
        "ifinfmsg",
        {"index": 7, "flags": 0x101, "change": 0xFFFFFFFF},
        [
            ("IFLA_IFNAME", "cnm0123456789ab"),
            ("IFLA_GROUP", 0x636E6D),
            ("IFLA_ADDRESS", "02:42:ac:14:00:0a"),
            ("IFLA_MTU", 65535),
            ("IFLA_TXQLEN", 0),
            ("IFLA_MASTER", 12),
            ("IFLA_LINK", 3),
            ("IFLA_IFALIAS", "cnm:default:größe:web:endpoint"),
        ],
    ),
    "its birthplace": ("ifinfmsg", {}, [("IFLA_IFNAME", "a"), ("IFLA_NET_NS_FD", 9)]),
    "address": (
        "ifaddrmsg",
        {"family": socket.AF_INET, "prefixlen": 24, "index": 3},
        [("IFA_LOCAL", "172.20.0.10"), ("IFA_ADDRESS", "172.20.0.10"), ("IFA_BROADCAST", "172.20.0.255")],
    ),
    "address of IPv6": (
        "ifaddrmsg",
        {"family": socket.AF_INET6, "prefixlen": 64, "index": 3, "flags": 2},
        [("IFA_LOCAL", "fd00::a"), ("IFA_ADDRESS", "fd00::a")],
    ),
    "route": (
        "rtmsg",
        {"family": socket.AF_INET, "dst_len": 24, "table": 254, "proto": 99, "type": 1, "scope": 253},
        [("RTA_TABLE", 1000), ("RTA_DST", "10.0.0.0"), ("RTA_GATEWAY", "10.1.0.1"), ("RTA_OIF", 3), ("RTA_PRIORITY", 1 << 31)],
    ),
    "route of IPv6": (
        "rtmsg",
        {"family": socket.AF_INET6, "dst_len": 0, "table": 254, "proto": 99, "type": 1},
        [("RTA_TABLE", 254), ("RTA_GATEWAY", "fe80::1")],
    ),
}


@pytest.mark.parametrize("what", MESSAGES)
def test_a_body_is_the_library_s_own(what: str) -> None:
    kind, header, attributes = MESSAGES[what]
    made = getattr(importlib.import_module(f"pyroute2.netlink.rtnl.{kind}"), kind)()
    for name, value in header.items():
        made[name] = value
    made["attrs"] = [list(pair) for pair in attributes]
    made.encode()
    assert body(kind, header, attributes) == bytes(made.data[_NETLINK_HEADER_BYTES:])
