# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One sandbox: from the raw dictionary to a Sandbox with its endpoints and ports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .attached import READERS, read_attachment
from .declaration import Declaration, Endpoint, Sandbox
from .endpoint import read_endpoints
from .keys import Keys, as_given, read_keys, read_list, read_pairs
from .names import read_host_name, read_name
from .port import read_ports, without_brackets
from .report import Report, Unreadable
from .resolve import default_host_ip
from .sysctl import read_sysctls
from .values import read_address, read_text


def read_network_mode(value: object) -> tuple[str, str | None]:
    """Mode, and the sandbox that is joined: ``host``, ``none`` or ``container:NAME``."""
    text = read_text(value)
    if text in ("host", "none"):
        return text, None
    kind, colon, name = text.partition(":")
    if kind in ("container", "service") and colon:
        if kind == "service":
            raise Unreadable("a sandbox is joined by container:NAME")
        return kind, read_name(name)
    raise Unreadable("host, none or container:NAME is expected; a network is joined under networks")


SANDBOX = Keys(
    {"networks": as_given, "network_mode": read_network_mode, "ports": as_given, "sysctls": as_given, "dns": as_given, "extra_hosts": as_given, **READERS},
    frozenset("dns_opt dns_search domainname expose external_links hostname links mac_address".split()),
)
# What a sandbox of each mode cannot have. As in Docker; without a network no port is reachable, and what belongs to the
# namespace or its files is declared where the namespace is.
EXCLUDED = {
    "host": ("dns", "extra_hosts", "networks", "ports", "sysctls"),
    "none": ("networks", "ports"),
    "container": ("dns", "extra_hosts", "networks", "ports", "sysctls"),
    "attached": ("sysctls",),
}
OWNER = {
    "host": "the host's own namespace (mode host): leave it out, or choose networks instead",
    "none": "a namespace without networks (mode none): leave it out, or choose networks instead",
    "container": "the namespace of another sandbox (mode container): leave it out, or choose networks instead",
    "attached": "a namespace that somebody else made: leave it out, and set it there",
}


def read_sandbox(report: Report, path: str, name: str, raw: object, declaration: Declaration) -> Sandbox:
    """The sandbox that ``raw`` declares, on the networks of ``declaration``. What is wrong is reported and left out."""
    found = read_keys(report, path, raw, SANDBOX)
    namespace, missing = read_attachment(report, path, found)
    mode, joins = found.pop("network_mode", ("networks", None) if namespace is None else ("attached", None))
    drop_excluded(report, path, found, mode)
    endpoints = read_endpoints(report, f"{path}.networks", found.pop("networks", None))
    if mode in ("networks", "attached"):
        of_networks, endpoints = mode_of_networks(report, f"{path}.networks", endpoints, declaration)
        if namespace is not None and of_networks != "networks":
            report.add(f"{path}.networks", of_networks, f"a namespace of somebody else cannot be on a network of driver {of_networks}: choose another network")
        mode = mode if namespace is not None else of_networks
        drop_excluded(report, path, found, mode)
    sandbox = Sandbox(
        name=name,
        mode=mode,
        joins=joins,
        endpoints=endpoints,
        sysctls=tuple(sorted(read_sysctls(report, f"{path}.sysctls", found.get("sysctls")).items())),
        dns=read_dns(report, f"{path}.dns", found.get("dns")),
        extra_hosts=read_extra_hosts(report, f"{path}.extra_hosts", found.get("extra_hosts")),
        namespace=namespace,
        missing=missing,
    )
    if "ports" not in found:
        return sandbox
    return replace(sandbox, ports=read_ports(report, f"{path}.ports", found["ports"], default_host_ip(declaration, sandbox)))


def drop_excluded(report: Report, path: str, found: dict[str, Any], mode: str) -> None:
    """Reports and removes what a sandbox of this mode cannot have; an empty list or dictionary says nothing."""
    for key in EXCLUDED.get(mode, ()):
        value = found.pop(key, None)
        if value not in (None, [], {}, ()):
            report.add(f"{path}.{key}", value, f"'{key}' is impossible in {OWNER[mode]}")


def mode_of_networks(report: Report, path: str, endpoints: tuple[Endpoint, ...], declaration: Declaration) -> tuple[str, tuple[Endpoint, ...]]:
    """Mode and endpoints: a network of driver host or none stands alone, has no options, and gives the sandbox its mode."""
    for endpoint in endpoints:
        network = declaration.networks.get(endpoint.network)
        if network is None or network.driver not in ("host", "none"):
            continue
        if len(endpoints) > 1:
            report.add(f"{path}.{network.name}", network.name, f"a sandbox on a network of driver {network.driver} can be on no other: keep one")
        elif endpoint != Endpoint(endpoint.network):
            report.add(f"{path}.{network.name}", network.name, f"an endpoint in a network of driver {network.driver} has no options: leave them out")
        return network.driver, ()
    return "networks", endpoints


def read_dns(report: Report, path: str, raw: object) -> tuple[Any, ...]:
    """The name servers, in their order; one may stand without a list, as in Compose."""
    return tuple(read_list(report, path, [raw] if isinstance(raw, str) else raw, read_address))


def read_extra_hosts(report: Report, path: str, raw: object) -> tuple[tuple[str, str], ...]:
    """Names and addresses for the hosts file, sorted: from a dictionary, or a list of ``name:address`` or ``name=address``."""
    found = set()
    for item_path, name, value in read_pairs(report, path, raw, "=:"):
        try:
            if value == "host-gateway":
                raise Unreadable("host-gateway is not yet supported: write an address of the host")
            found.add((read_host_name(name), str(read_address(without_brackets(value) if isinstance(value, str) else value))))
        except Unreadable as error:
            report.add(item_path, value, str(error))
    return tuple(sorted(found))
