# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox's legs in its networks: from a list, or a dictionary of options, to Endpoints."""

from __future__ import annotations

import re
from dataclasses import replace

from .declaration import Endpoint
from .keys import Keys, add_opts, as_given, list_items, read_items, read_keys, read_list
from .names import read_interface_name, read_name
from .report import Report, Unreadable, shown
from .sysctl import read_listed_sysctls
from .tuning_keys import OF_AN_ENDPOINT, take_tuning
from .values import integer_between, read_ipv4_address, read_ipv6_address, read_text

MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


def read_mac(value: object) -> str:
    """A unicast MAC address in lower case with colons."""
    text = read_text(value).lower().replace("-", ":")
    if not MAC.fullmatch(text):
        raise Unreadable("a MAC address such as 02:42:ac:14:00:0a is expected")
    if int(text[:2], 16) & 1 or text == "00:00:00:00:00:00":
        raise Unreadable("an interface needs a unicast MAC address: the first byte must be even, and not all may be zero")
    return text


ENDPOINT = Keys(
    {
        "ipv4_address": read_ipv4_address,
        "ipv6_address": read_ipv6_address,
        "mac_address": read_mac,
        "interface_name": read_interface_name,
        "aliases": as_given,
        "gw_priority": integer_between(-(2**31), 2**31 - 1),
        "driver_opts": as_given,
        **OF_AN_ENDPOINT,
    },
    frozenset({"link_local_ips", "priority"}),
)
# Docker's keys under driver_opts, and the typed key that means the same.
ENDPOINT_OPTS = {"com.docker.network.endpoint.ifname": "interface_name"}
# A list with commas, as Docker has it.
SYSCTLS_OPT = "com.docker.network.endpoint.sysctls"
DRIVER_OPTS = Keys({**{opt: ENDPOINT.readers[key] for opt, key in ENDPOINT_OPTS.items()}, SYSCTLS_OPT: read_listed_sysctls})

LISTED = "a list of networks, or a dictionary with the options of each endpoint,"


def read_endpoints(report: Report, path: str, raw: object) -> tuple[Endpoint, ...]:
    """The endpoints of a sandbox, sorted by network: from a list of networks, or a dictionary of their options."""
    items: list[tuple[str, object, object]] = []
    if isinstance(raw, (list, tuple)):
        items = [(item_path, item, None) for item_path, item in list_items(report, path, raw)]
    else:
        items = [(f"{path}.{shown(network)}", network, options) for network, options in read_items(report, path, raw, LISTED)]
    endpoints: dict[str, Endpoint] = {}
    for item_path, item, options in items:
        try:
            network = read_name(item)
        except Unreadable as error:
            report.add(item_path, item, str(error))
            continue
        if network in endpoints:
            report.add(item_path, network, "a sandbox has one endpoint in a network: name the network once")
            continue
        endpoints[network] = Endpoint(network) if options is None else read_endpoint(report, item_path, network, options)
    return tuple(endpoints[network] for network in sorted(endpoints))


def read_endpoint(report: Report, path: str, network: str, raw: object) -> Endpoint:
    """One endpoint with its options."""
    found = read_keys(report, path, raw, ENDPOINT)
    opts_path = f"{path}.driver_opts"
    opts = read_keys(report, opts_path, found.pop("driver_opts", None), DRIVER_OPTS)
    listed = opts.pop(SYSCTLS_OPT, ())
    add_opts(report, opts_path, found, opts, ENDPOINT_OPTS)
    tuning = take_tuning(report, path, found, OF_AN_ENDPOINT)
    sysctls = dict(tuning.sysctls)
    for name, value in listed:
        if sysctls.setdefault(name, value) != value:
            report.add(f"{opts_path}.{SYSCTLS_OPT}", value, f"{name} is given under sysctls with another value: keep one of the two")
    aliases = read_list(report, f"{path}.aliases", found.pop("aliases", None), read_name)
    tuning = replace(tuning, sysctls=tuple(sorted(sysctls.items()))) if listed else tuning
    return Endpoint(network=network, tuning=tuning, aliases=tuple(sorted(set(aliases))), **found)
