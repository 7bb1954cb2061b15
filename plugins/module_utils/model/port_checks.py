# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the published ports of one host's declaration go together."""

from __future__ import annotations

from collections import Counter

from .declaration import Declaration, IPAddress
from .options import port_words
from .parent import PARENT_DRIVERS
from .report import Report
from .resolve import gateway_endpoints, host_addresses


def check_ports(report: Report, declaration: Declaration) -> None:
    """A sandbox with ports has a gateway network, and no port of the host is published twice."""
    published: dict[tuple[str, int, int], dict[IPAddress, str]] = {}
    for name, sandbox in sorted(declaration.sandboxes.items()):
        if not sandbox.ports:
            continue
        path = f"cnm_sandboxes.{name}.ports"
        known = all(endpoint.network in declaration.networks for endpoint in sandbox.endpoints)
        gateways = gateway_endpoints(declaration, sandbox)
        if known and not gateways:
            message = "ports are published through a network that leads outside, and the sandbox has none: join one that is not internal"
            report.add(path, f"{len(sandbox.ports)} ports", message)
            continue
        on_wire = next((one.network for one in gateways.values() if known and declaration.networks[one.network].driver in PARENT_DRIVERS), None)
        if on_wire is not None:
            message = (
                f"no port of the host leads into network {on_wire}, which has the sandbox's default route: on a {declaration.networks[on_wire].driver} network"
                " every port of a sandbox is reached at the sandbox's own address. Leave the ports out, or give a bridge network the higher gw_priority"
            )
            report.add(path, f"{len(sandbox.ports)} ports", message)
            continue
        if len(set(sandbox.ports)) < len(sandbox.ports):
            twice = next(port for port, number in Counter(sandbox.ports).items() if number > 1)
            report.add(path, port_words(twice), f"sandbox {name} publishes this port twice: name it once")
        for port in sorted(set(sandbox.ports), key=lambda port: port.order):
            if known and port.host_ip is not None and port.host_ip.version not in gateways:
                message = (
                    f"the address is of IPv{port.host_ip.version}, and sandbox {name} has no network that leads outside by it:"
                    " use another address, or enable it in its network"
                )
                report.add(path, written(port.host_ip), message)
                continue
            for family, address in host_addresses(declaration, gateways, port).items() if port.published else ():
                holders = published.setdefault((port.protocol, port.published, family), {})
                clash = [other for other in holders if other == address or other.is_unspecified or address.is_unspecified]
                if clash:
                    message = f"sandbox {holders[clash[0]]} publishes {port.protocol} port {port.published} of {clash[0]}: publish another one"
                    report.add(path, f"{written(address)}:{port.published}/{port.protocol}", message)
                    break
                holders[address] = name


def written(address: IPAddress) -> str:
    """An address as it stands before a port."""
    return str(address) if address.version == 4 else f"[{address}]"
