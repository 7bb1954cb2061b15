# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the tunnels that are to be made get their UDP port: the kernel opens it for them, and a process may hold it."""

from __future__ import annotations

from ipaddress import ip_address

from .model.problem import Problem
from .model.reserved import Reserved, read_reserved
from .state.objects import HostState, Link


def port_problems(before: HostState, wanted: HostState) -> list[Problem]:
    """Each UDP port that a tunnel of ``wanted`` needs, none of ``before`` has, and a process listens on. Where no tunnel is new, the host is not asked."""
    new = _ports_of_tunnels(wanted)
    new = new and new - _ports_of_tunnels(before)
    if not new:
        return []
    from .kernel.reserved import read_ports

    return held_ports(new, read_reserved({"ports": read_ports()}))


def held_ports(wanted: set[tuple[int, str]], reserved: Reserved) -> list[Problem]:
    """wanted: ports, each with the address of the host that packets come to. A port that no process holds is the kernel's, whose tunnels share it."""
    problems = []
    for port, local in sorted(wanted):
        anywhere = ip_address("::" if ":" in local else "0.0.0.0")
        holder = next((one for one in reserved.ports if one.process and (one.protocol, one.port) == ("udp", port) and one.has(anywhere)), None)
        if holder is not None:
            message = f"{holder.process} listens on udp port {port} of {holder.host_ip}, and overlays need it: stop it, or give the fleet another port"
            problems.append(Problem("", "cnm_vxlan_port", str(port), message))
    return problems


def _ports_of_tunnels(state: HostState) -> set[tuple[int, str]]:
    """With the address of the host that each sends from. A tunnel's socket is in the namespace that is its parent's: here the host's own alone."""
    tunnels = (dict(one.options) for one in state.objects.values() if isinstance(one, Link) and one.kind == "vxlan" and one.parent and not one.parent[0])
    return {(int(options["port"]), str(options["local"])) for options in tunnels if "port" in options and "local" in options}
