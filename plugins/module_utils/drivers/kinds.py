# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kinds of link a declaration needs of a host's kernel, and what is said where that has one of them not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from ..model.declaration import Declaration, Network
from ..model.parent import PARENT_DRIVERS, led_around, vlan_of
from ..model.problem import Problem
from ..model.tuning import over

# By kind: the module of the kernel, what it is configured by, and what it is there for.
MODULES = {
    "bridge": ("bridge", "BRIDGE", "bridges"),
    "dummy": ("dummy", "DUMMY", "dummy interfaces, which a network without a parent rests on"),
    "ifb": ("ifb", "IFB", "interfaces of kind ifb, by which the rate of what arrives on a link is kept"),
    "ipvlan": ("ipvlan", "IPVLAN", "ipvlan"),
    "macvlan": ("macvlan", "MACVLAN", "macvlan"),
    "veth": ("veth", "VETH", "veth pairs"),
    "vlan": ("8021q", "VLAN_8021Q", "VLANs (802.1q)"),
    "vxlan": ("vxlan", "VXLAN", "vxlan, which overlays are made of"),
}


class Need(NamedTuple):
    """A kind of link, and the place in the variables that asks for it, with its value."""

    kind: str
    path: str
    value: str


def needs(declaration: Declaration, there: Collection[str]) -> Iterator[Need]:
    """Every kind that is needed. there: the names of the links that others have made."""
    used = {endpoint.network for sandbox in declaration.sandboxes.values() for endpoint in sandbox.endpoints}
    for name, network in declaration.networks.items():
        for kind in _of_driver(network, name in used):
            yield Need(kind, f"cnm_networks.{name}.driver", network.driver)
        if network.driver in PARENT_DRIVERS and network.parent is None:
            yield Need("dummy", f"cnm_networks.{name}.parent", "")
        elif vlan_of(network.parent or "") is not None and network.parent not in there:
            yield Need("vlan", f"cnm_networks.{name}.parent", network.parent or "")
    for name, sandbox in declaration.sandboxes.items():
        for endpoint in sandbox.endpoints:
            inside = declaration.networks[endpoint.network]
            rate, _burst = over(inside.tuning, endpoint.tuning).bandwidth.of(led_around(inside.driver))
            if rate is not None:
                yield Need("ifb", f"cnm_sandboxes.{name}.networks.{endpoint.network}.bandwidth", str(rate))


def modules_of(found: Collection[Need]) -> list[tuple[str, str]]:
    """Each kind that is needed, once, with its module of the kernel."""
    return [(kind, MODULES[kind][0]) for kind in sorted({need.kind for need in found})]


def _of_driver(network: Network, used: bool) -> tuple[str, ...]:
    if network.driver == "bridge":
        return ("bridge", "veth") if used else ("bridge",)
    if network.driver == "overlay":
        return ("bridge", "veth", "vxlan") if used else ()
    return (network.driver,) if network.driver in PARENT_DRIVERS and (used or network.host_shim) else ()


def kind_problems(found: Collection[Need], missing: Collection[str]) -> list[Problem]:
    """What is wrong where the kernel has not what is needed."""
    problems = []
    for need in found:
        if need.kind in missing:
            module, option, words = MODULES[need.kind]
            message = (
                f"the kernel of this host has no {words}: it needs its module {module} (CONFIG_{option}), which a package of further modules may have"
                " (such as linux-modules-extra), or leave this out on this host"
            )
            problems.append(Problem("", need.path, need.value, message))
    return problems
