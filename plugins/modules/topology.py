#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the networks and sandboxes of one host to their declaration."""

from __future__ import annotations

DOCUMENTATION = r"""
module: topology
short_description: Bring the networks and sandboxes of a host to their declaration
version_added: 0.1.0
description:
  - Makes, changes and removes bridges, network namespaces, virtual interfaces, addresses, routes, names and firewall rules until
    the host is as it is declared. What is in place is left alone; what drifted is repaired in place.
  - Everything that it makes is marked in the kernel as this fleet's. Only what is so marked is changed or removed. What others made is never touched;
    where it stands in the way, that is a problem and nothing is changed.
  - Fed by M(mooring.cnm.fleet_plan) through O(plan) in the role P(mooring.cnm.topology#role). It can be called alone on one host with O(networks)
    and O(sandboxes); what the plan would choose (subnets and addresses) must then be given.
  - Should a step fail, what stood before is put back, and the error names the step and the kernel's reason.
author:
  - mooring.cnm contributors (@mooring)
options:
  networks:
    description:
      - The networks by name, in the words of the Compose specification. See the guide of the collection for every key.
      - They are the whole of what the fleet has on this host; a network that is not among them is removed.
      - Without this option the networks stay as they stand; an empty dictionary means none.
    type: dict
  sandboxes:
    description:
      - The sandboxes by name. A sandbox that is not among them is removed, with its namespace.
      - Without this option the sandboxes stay as they stand; an empty dictionary means none.
    type: dict
  peers:
    description:
      - The endpoints of other hosts in networks of scope C(fleet), by network, host and sandbox. A host has its C(underlay_address), where it has
        endpoints of driver overlay, and C(sandboxes), each with C(ipv4_address), C(ipv6_address) or both, and perhaps C(mac_address) (by default 02:42 and
        the IPv4 address) and C(aliases). One of which there is no more to say than its one address is just that, a text.
      - They are the whole of what the host knows. A peer that is not among them is removed from the tables of the overlay and from the names.
      - Without this option the peers stay as they stand; an empty dictionary means none.
    type: dict
  host:
    description: What this host is called in the fleet. Its sandboxes are found as C(SANDBOX.HOST) too.
    type: str
    default: ''
  underlay_address:
    description: The address, one of its own, at which other hosts reach this host's overlays. By default that of the default route.
    type: str
  vxlan_port:
    description: The UDP port of overlays, the same on all hosts.
    type: int
    default: 4789
  plan:
    description:
      - The folder with the plan on the controller, as M(mooring.cnm.fleet_plan) returns it. The host's slice of it takes the place of
        O(networks), O(sandboxes), O(peers), O(firewall), O(fleet), O(host), O(underlay_address) and O(vxlan_port).
    type: path
  fleet:
    description: Whose these objects are. Two fleets can share a host.
    type: str
    default: default
  firewall:
    description:
      - What carries the rules. With V(auto) it is what Docker uses on this host, else iptables, else, where that is not installed, nftables.
      - Another value than before moves the rules and leaves nothing behind.
    type: str
    choices: [auto, iptables, nftables]
    default: auto
  state:
    description: With V(absent), everything of the fleet is removed from the host.
    type: str
    choices: [present, absent]
    default: present
  drivers:
    description:
      - Look at networks of these drivers only. Networks of other drivers, and what belongs to them, are left as they are.
      - A sandbox that is on networks of several drivers keeps its endpoints in those of other drivers as they stand. Its namespace, settings, names and
        default route follow from all its networks; its published ports belong to V(bridge).
    type: list
    elements: str
    choices: [bridge, ipvlan, macvlan, overlay]
    default: [bridge, ipvlan, macvlan, overlay]
extends_documentation_fragment:
  - mooring.cnm.attributes
requirements:
  - pyroute2 >= 0.7.2 (where something must change)
  - iptables or nftables (for networks of driver bridge)
  - a Docker engine at work (for networks with C(docker_network))
seealso:
  - module: mooring.cnm.topology_info
  - module: mooring.cnm.fleet_plan
"""

EXAMPLES = r"""
- name: One network and two sandboxes on one host
  mooring.cnm.topology:
    networks:
      frontend:
        ipam:
          config: [{subnet: 172.20.0.0/24, gateway: 172.20.0.1}]
    sandboxes:
      web:
        networks: {frontend: {ipv4_address: 172.20.0.10, aliases: [www]}}
        ports: ["8080:80"]
      db:
        networks: {frontend: {ipv4_address: 172.20.0.11}}

- name: The same without the database, and closed to the outside
  mooring.cnm.topology:
    networks:
      frontend:
        internal: true
        ipam:
          config: [{subnet: 172.20.0.0/24, gateway: 172.20.0.1}]
    sandboxes:
      web:
        networks: {frontend: {ipv4_address: 172.20.0.10}}

- name: Nothing of the fleet is left
  mooring.cnm.topology:
    state: absent
"""

RETURN = r"""
before:
  description: The networks and sandboxes that stood on the host, in option names.
  returned: always
  type: dict
  sample: {networks: {}, sandboxes: {}}
after:
  description: Those that stand now, or would in check mode. Given back as parameters, it changes nothing.
  returned: always
  type: dict
  sample: {networks: {frontend: {driver: bridge, ipam: {config: [{gateway: 172.20.0.1, subnet: 172.20.0.0/24}]}}}, sandboxes: {}}
ops:
  description: What was done or, in check mode, would be, in order. Check mode and the run give the same.
  returned: always
  type: list
  elements: str
  sample: ["create bridge cnmbd3aca912461 (frontend)"]
problems:
  description: Why nothing was changed.
  returned: always
  type: list
  elements: dict
  contains:
    host: {description: The host that it concerns; empty for this one., type: str}
    path: {description: Where the value stands in the variables., type: str}
    value: {description: The value as it was given., type: str}
    message: {description: What is wrong and what would be right., type: str}
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import bytecode  # noqa: F401  # pylint: disable=unused-import
from ..module_utils.aim import Aim
from ..module_utils.attach import attach, places_of
from ..module_utils.converge import checked_aim, who
from ..module_utils.drivers.describe import describe
from ..module_utils.drivers.desired import host_state
from ..module_utils.drivers.kinds import kind_problems, modules_of, needs
from ..module_utils.firewall.judge import firewall_problems, judge, remarks
from ..module_utils.kernel.docker import read_open_bridges
from ..module_utils.kernel.ground import read_sight
from ..module_utils.kernel.kinds import missing_kinds
from ..module_utils.kernel.observe import observe
from ..module_utils.kernel.reserved import has_address, read_ports, read_reserved
from ..module_utils.left_out import with_what_stands
from ..module_utils.model.complete import complete_topology
from ..module_utils.model.declaration import Declaration
from ..module_utils.model.host_checks import check_addresses, check_against_host
from ..module_utils.model.overlay_checks import check_vtep
from ..module_utils.model.peers import VXLAN_PORT, topology_options
from ..module_utils.model.problem import Problem
from ..module_utils.reachable import find_ways
from ..module_utils.runner import run
from ..module_utils.state.objects import HostState
from ..module_utils.underlay import port_problems

if TYPE_CHECKING:
    from ..module_utils.drivers.part import Part

DRIVER_NAMES = ["bridge", "ipvlan", "macvlan", "overlay"]


def to_desired(module: AnsibleModule, parts: list[Part]) -> tuple[HostState, list[Problem]]:
    """The state that the parameters ask for, and everything that is wrong with them. Where only some drivers count, the part that is theirs is put
    into ``parts``.
    """
    params = module.params
    fleet, drivers = params["fleet"], params["drivers"]
    declaration = Declaration()
    if params["state"] == "present":
        reserved = read_reserved(fleet)
        params = with_what_stands(params, fleet)
        declaration, problems = complete_topology({**params, "underlay_address": params["underlay_address"] or reserved["underlay_address"]})
        if any(one.ports for one in declaration.sandboxes.values()):  # else nobody asks, and to learn who listens takes longest
            reserved["ports"] = read_ports()
        unfit = (check_against_host(declaration, reserved), check_vtep(declaration, reserved["addresses"]), check_addresses(declaration, has_address))
        problems = problems or [one for some in unfit for one in some]
        if not problems:
            needed = list(needs(declaration, [str(link["name"]) for link in reserved["links"]]))
            problems = kind_problems(needed, missing_kinds(modules_of(needed)))
        if not problems:
            declaration, problems = attach(declaration)
            declaration, more = find_ways(declaration)
            problems = [*problems, *more]
        if problems:
            return HostState(), problems
    if not set(DRIVER_NAMES) <= set(drivers):
        from ..module_utils.drivers.part import combined, part_of

        standing = describe(observe(HostState(), fleet, places_of(declaration)), fleet)
        parts.append(part_of(declaration, standing, drivers))
        declaration = combined(declaration, standing, drivers)
    if not declaration.networks and not declaration.sandboxes:
        return HostState(), []
    sight = read_sight()
    ground = judge(sight, params["firewall"], fleet)
    for remark in remarks(ground):
        module.warn(remark)
    state = host_state(declaration, fleet, read_open_bridges(), ground)
    state = parts[0].of(state) if parts else state
    return state, firewall_problems(sight, ground, state)


def to_aim(module: AnsibleModule) -> tuple[Aim, list[Problem]]:
    """The declaration of this host, or of some drivers' part of it."""
    fleet = module.params["fleet"]
    parts: list[Part] = []
    aim, problems = checked_aim(fleet, lambda: to_desired(module, parts), lambda wanted, whose: seen(parts, wanted, whose))
    return replace(aim, hindrances=lambda stands: port_problems(stands, aim.wish(stands))), problems


def seen(parts: list[Part], wanted: HostState, fleet: str) -> HostState:
    """The host, or what of it counts."""
    state = observe(wanted, fleet)
    return parts[0].beside(state, wanted.objects) if parts else state


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "networks": {"type": "dict"},
            "sandboxes": {"type": "dict"},
            "peers": {"type": "dict"},
            "plan": {"type": "path"},
            "fleet": {"type": "str", "default": "default"},
            "firewall": {"type": "str", "choices": ["auto", "iptables", "nftables"], "default": "auto"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "host": {"type": "str", "default": ""},
            "underlay_address": {"type": "str"},
            "vxlan_port": {"type": "int", "default": VXLAN_PORT},
            "drivers": {"type": "list", "elements": "str", "choices": DRIVER_NAMES, "default": DRIVER_NAMES},
        },
        supports_check_mode=True,
    )
    run(module, who(module.params["fleet"]), lambda: to_aim(module), lambda state: topology_options(describe(state, module.params["fleet"])))


if __name__ == "__main__":
    main()
