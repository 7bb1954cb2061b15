#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the rules of ours in DOCKER-USER to what is declared."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_user
short_description: Bring the rules in Docker's chain DOCKER-USER to one ordered list
version_added: 0.1.0
description:
  - Docker leads every packet that is forwarded, to its published ports among them, first through the chain C(DOCKER-USER). This module keeps
    one ordered list of rules there, written in a single step. Each of its rules has a comment that begins with C(cnm:FLEET:docker_user), and only such
    rules are changed or removed. Rules that others put there keep their order, and the C(RETURN) with which Docker ends the chain stays last.
  - Without Docker, the chain is made, and led to first from C(FORWARD), so it does not matter which of the two comes first to a host. Where the jump to the
    chain has lost its first place, as Docker 20.10 leaves it after a reload of firewalld, it is put there again.
  - Where Docker uses its nftables backend, which has no such chain, and where iptables is not installed, the same rules stand in a base chain of nftables, also
    called C(DOCKER-USER), in the tables C(ip cnm-FLEET) and C(ip6 cnm-FLEET). It comes before every filter, so what it drops or rejects is. What it accepts
    Docker still judges. A run moves the rules where Docker has changed to the other.
  - The rules see packets of every forwarded connection, after the destination was translated. What a client sees as port and address is in O(rules) as
    C(published) and C(host_ip).
author:
  - mooring.cnm contributors (@mooring)
options:
  rules:
    description:
      - The whole policy in order, as dictionaries. An empty list means that there is none.
      - C(source), C(destination) - addresses, networks or ranges (C(192.0.2.1-192.0.2.9)), IPv4 or IPv6, perhaps after a C(!).
      - C(source_set), C(destination_set) - the name of an ipset of the host, perhaps after a C(!); with nftables, of a set of addresses in the table of the
        rules. The rule is then for the family of the set. What is in the set is not looked at, and counts at once.
      - C(in_interface), C(out_interface) - names; a C(+) at the end stands for any further letters, a C(!) before it for all others.
      - C(protocol) - C(tcp), C(udp), C(sctp) or C(icmp). Where there are ports and no protocol, it is C(tcp).
      - C(published), C(host_ip) - port or range and address as the client sees them, before Docker translates them. Such a rule matches only what the
        client sends, not what it is answered.
      - C(target) - the port of the container, or a range.
      - C(ctstate) - of C(new), C(established), C(related), C(invalid), C(untracked), C(dnat) and C(snat).
      - C(limit), C(limit_burst) - the rule matches at most so often, such as C(10/second), after so many at once.
      - C(log) - C(true), or words before the line in the kernel's log.
      - C(action) - C(accept) ends here, past Docker's own rules and isolation (not with nftables). C(return) goes on to Docker's own rules. C(drop) and
        C(reject) refuse.
      - C(reject_with) - C(port-unreachable) (where nothing is given), C(host-unreachable), C(net-unreachable), C(admin-prohibited) or C(tcp-reset).
      - C(comment) - words that are seen with the rule.
      - C(family) - C(ipv4), C(ipv6) or C(both). Left out, it is that of the addresses, and else both.
      - C(raw) - words for iptables, matches and target, for what the other keys do not cover. Only C(family) and C(comment) go with it. Refused where Docker
        uses nftables.
      - C(source), C(destination), C(in_interface), C(out_interface), C(published), C(host_ip), C(target) and C(ctstate) take lists, of which one must match.
    type: list
    elements: dict
    default: []
  position:
    description: Whether these rules stand before those that others put into the chain, or after them.
    type: str
    choices: [first, last]
    default: first
  fleet:
    description: Whose rules these are. Two fleets can share a host.
    type: str
    default: default
  state:
    description: With V(absent), the rules of the fleet are removed, and so is the chain if nobody else needs it.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - mooring.cnm.attributes
requirements:
  - iptables, or nftables where Docker uses that
seealso:
  - module: mooring.cnm.topology
"""

EXAMPLES = r"""
- name: Only 192.168.1.1 may reach the containers over eth0
  mooring.cnm.docker_user:
    rules:
      - {ctstate: [established, related], action: return}
      - {in_interface: eth0, source: "!192.168.1.1", action: drop}
      - {in_interface: eth0, family: ipv6, action: drop}

- name: Only the network 192.168.1.0/24
  mooring.cnm.docker_user:
    rules:
      - {ctstate: [established, related], action: return}
      - {in_interface: eth0, source: 192.168.1.0/24, action: return}
      - {in_interface: eth0, action: drop}

- name: Port 8080 from anywhere, 5432 from the office, and nothing else
  mooring.cnm.docker_user:
    rules:
      - {ctstate: [established, related], action: return}
      - {in_interface: eth0, published: 8080, action: return}
      - {in_interface: eth0, published: 5432, source: 203.0.113.0/24, action: return, comment: the office}
      - {in_interface: eth0, limit: 5/minute, log: "docker: "}
      - {in_interface: eth0, action: drop}

- name: None of it any more
  mooring.cnm.docker_user:
    state: absent
"""

RETURN = r"""
before:
  description: The policy that stood, each rule of the chain by itself, in option names.
  returned: always
  type: dict
  sample: {position: first, rules: [], state: absent}
after:
  description: The policy that stands now, or would in check mode. Given back as parameters, it changes nothing.
  returned: always
  type: dict
  sample: {position: first, rules: [{action: drop, in_interface: eth0, source: "!192.168.1.1"}], state: present}
ops:
  description: What was done or, in check mode, would be, in order.
  returned: always
  type: list
  elements: str
  sample: ["change rules of ours in DOCKER-USER (ipv4): +1 -0 rules"]
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

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import bytecode  # noqa: F401  # pylint: disable=unused-import
from ..module_utils.converge import checked_aim, who
from ..module_utils.docker_user import describe_policy, find_policy
from ..module_utils.drivers.policy_rules import places
from ..module_utils.firewall.judge import judge, remarks
from ..module_utils.kernel.ground import read_forms
from ..module_utils.kernel.insets import observe_insets
from ..module_utils.model.problem import Problem
from ..module_utils.runner import run
from ..module_utils.state.objects import HostState


def to_desired(module: AnsibleModule, rules: list[dict[str, Any]]) -> tuple[HostState, list[Problem]]:
    """The state that the parameters ask for, and everything that is wrong with it."""
    fleet, sight = module.params["fleet"], read_forms()
    for remark in remarks(judge(sight, "auto", fleet)):
        module.warn(remark)
    return find_policy(rules, fleet, module.params["position"], sight)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "rules": {"type": "list", "elements": "dict", "default": []},
            "position": {"type": "str", "choices": ["first", "last"], "default": "first"},
            "fleet": {"type": "str", "default": "default"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    fleet, position = module.params["fleet"], module.params["position"]
    rules = module.params["rules"] if module.params["state"] == "present" else []
    run(
        module,
        who(fleet),
        lambda: checked_aim(fleet, lambda: to_desired(module, rules), observe_insets(places(fleet, position))),
        lambda state: describe_policy(state, position),
        netlink=False,
    )


if __name__ == "__main__":
    main()
