#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what a fleet has on a host, and what others have there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: topology_info
short_description: Read the networks and sandboxes of a host, and what is taken there
version_added: 0.1.0
description:
  - Reads from the kernel, changes nothing, and needs nothing on the host but Python and, for rules, iptables or nft.
author:
  - mooring.cnm contributors (@mooring)
options:
  gather:
    description: What to read. V(reserved) alone is the cheapest.
    type: list
    elements: str
    choices: [networks, sandboxes, reserved]
    default: [networks, sandboxes, reserved]
  fleet:
    description: Whose networks and sandboxes to read.
    type: str
    default: default
  firewall:
    description: What is to carry rules, since that says which package is missing. See M(mooring.cnm.topology).
    type: str
    choices: [auto, iptables, nftables]
    default: auto
extends_documentation_fragment:
  - mooring.cnm.attributes
  - mooring.cnm.attributes.info
"""

EXAMPLES = r"""
- name: Read the networks of this host
  mooring.cnm.topology_info:
    gather: [networks]
  register: host

- name: Show the subnet of each
  ansible.builtin.debug:
    msg: "{{ item.Name }}: {{ item.IPAM.Config[0].Subnet }}"
  loop: "{{ host.networks }}"
"""

RETURN = r"""
networks:
  description: The fleet's networks on this host, with the keys of C(docker network inspect).
  returned: when asked for
  type: list
  elements: dict
  sample:
    - {Name: frontend, Driver: bridge, Scope: local, Internal: false, IPAM: {Config: [{Subnet: 172.20.0.0/24, Gateway: 172.20.0.1}]}}
sandboxes:
  description: The fleet's sandboxes on this host by name, in option names, with the path of their namespace.
  returned: when asked for
  type: dict
  sample: {web: {namespace: /run/netns/web, networks: {frontend: {ipv4_address: 172.20.0.10}}}}
reserved:
  description: What others use on this host, so that no network takes it away.
  returned: when asked for
  type: dict
  contains:
    prefixes: {description: Destinations of routes without a gateway that are not the fleet's., type: list, elements: str}
    resolvers: {description: Name servers of the host., type: list, elements: str}
    underlay_address: {description: The address towards the default route., type: str}
    underlay_mtu: {description: MTU of that link in bytes., type: int}
    ports: {description: Ports that processes listen on., type: list, elements: dict}
    port_range: {description: First and last of the ports that the host gives away itself., type: list, elements: int}
    links: {description: Links of the host with what they rest on and their mode. What the fleet made is not among them., type: list, elements: dict}
    reserved_ports: {description: First and last of each range of those that it keeps back., type: list, elements: list}
    standing: {description: Whether networks of the fleet are on this host., type: bool}
    machine: {description: "A text that no other host has, another one after each boot. Empty where it is not known.", type: str}
persisted:
  description: Whether this host has a slice of the fleet to which it returns at its next boot, as M(mooring.cnm.persist) writes it.
  returned: always
  type: bool
missing:
  description: Packages that the collection needs on this host and that are not there, by their names in Debian.
  returned: always
  type: list
  elements: str
managers:
  description: Network managers that run on this host and take up links that nobody told them to leave alone.
  returned: always
  type: list
  elements: str
  sample: [systemd-networkd]
zoned:
  description:
    - Whether bridges of the collection are in a zone of firewalld, by the pattern of their names. Without one firewalld refuses what sandboxes send out.
      Always true where firewalld is not at work.
  returned: always
  type: bool
"""

import contextlib
import glob
import importlib.util
import os
import shutil
import subprocess

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import bytecode  # noqa: F401  # pylint: disable=unused-import
from ..module_utils.drivers.describe import describe
from ..module_utils.drivers.inspect import inspect_networks
from ..module_utils.firewall.judge import missing_package
from ..module_utils.kernel.ground import read_sight
from ..module_utils.kernel.namespaces import path_of
from ..module_utils.kernel.observe import observe
from ..module_utils.kernel.reasons import unreadable
from ..module_utils.kernel.reserved import read_ports, read_reserved
from ..module_utils.model.options import declaration_options
from ..module_utils.state.fault import Fault
from ..module_utils.state.objects import HostState

_SLICES = "/etc/mooring-cnm"  # as persist has it, of which nothing is imported: what runs on every host in every run is to be small
_MANAGERS = {"NetworkManager": "/run/NetworkManager", "systemd-networkd": "/run/systemd/netif"}


def gathered(gather: list, fleet: str, firewall: str) -> dict:
    """The parts of the result that are asked for."""
    always = {"missing": missing_packages(firewall), "managers": managers(), "zoned": zoned(), "persisted": os.path.exists(f"{_SLICES}/{fleet}.json")}
    result: dict = dict(always)
    if "reserved" in gather:
        result["reserved"] = {**read_reserved(fleet), "ports": read_ports(), "machine": machine(), "standing": standing(fleet)}
    if "networks" in gather or "sandboxes" in gather:
        declaration = describe(observe(HostState(), fleet), fleet)
        sandboxes = declaration_options(declaration)["sandboxes"]
        result["networks"] = inspect_networks(declaration, fleet)
        result["sandboxes"] = {name: {"namespace": path_of(name), **options} for name, options in sandboxes.items()}
    return {key: value for key, value in result.items() if key in gather or key in always}


def machine() -> str:
    """What tells this host from all others: its kernel, as it runs, and the namespace in it, since a kernel may have several hosts. Empty: not known."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read().strip()}/{os.stat('/proc/self/ns/net').st_ino}"
    except OSError:
        return ""


def standing(fleet: str) -> bool:
    """Whether a link of the host is tagged as the fleet's."""
    for path in glob.iglob("/sys/class/net/*/ifalias"):
        with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
            if file.read().startswith(f"cnm:{fleet}:"):
                return True
    return False


def managers() -> list:
    """The network managers that run here and would take up our links."""
    return [name for name, sign in _MANAGERS.items() if os.path.isdir(sign)]


def zoned() -> bool:
    """Whether firewalld, where it is at work, has our bridges in a zone, now and after its next start."""
    if not shutil.which("firewall-cmd") or subprocess.run(["systemctl", "is-active", "--quiet", "firewalld"], check=False).returncode != 0:
        return True
    asked = (["firewall-cmd", *words, "--get-zone-of-interface=cnmb+"] for words in ([], ["--permanent"]))
    return all(subprocess.run(words, capture_output=True, check=False).returncode == 0 for words in asked)


def missing_packages(firewall: str) -> list:
    """Debian's names of what is needed here and not installed."""
    python = [] if importlib.util.find_spec("pyroute2") else ["python3-pyroute2"]
    return [*python, *filter(None, [missing_package(read_sight(), firewall)])]


def main() -> None:
    choices = ["networks", "sandboxes", "reserved"]
    module = AnsibleModule(
        argument_spec={
            "gather": {"type": "list", "elements": "str", "choices": choices, "default": choices},
            "fleet": {"type": "str", "default": "default"},
            "firewall": {"type": "str", "choices": ["auto", "iptables", "nftables"], "default": "auto"},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(changed=False, **gathered(module.params["gather"], module.params["fleet"], module.params["firewall"]))
    except Fault as fault:
        module.fail_json(msg=str(fault))
    except OSError as error:
        module.fail_json(msg=unreadable(error))


if __name__ == "__main__":
    main()
