#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove by packets who reaches whom."""

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Prove by packets who reaches whom, and who does not
version_added: 0.1.0
description:
  - Starts listeners in the namespaces of the targets, sends ICMP, TCP and UDP probes out of the namespaces of the sources, all at once,
    and says what was answered.
  - A probe counts as reached when the listener that it was meant for has answered it. Where a service has the port, what arrives there is counted instead.
  - What must be blocked is proven only if the same listener was reached from where it may be. Without that it is I(unproven), which is never a success.
  - With O(probes) alone, one task does all of it on one host, and fails where something is not as expected or is unproven.
  - With O(plan), an action plugin takes the host's part out of the plan of M(mooring.cnm.fleet_plan). All hosts run the O(stage)s one after the other,
    so that all listeners stand before the first packet is sent. This is what role C(verify) does.
  - Nothing of the host's configuration is changed. The listeners end by themselves.
author:
  - mooring.cnm contributors (@mooring)
options:
  probes:
    description: What to ask, and what should come of it.
    type: list
    elements: dict
    suboptions:
      from:
        description: The sandbox that asks, or V(host) for the host itself.
        type: str
        required: true
      to:
        description:
          - The sandbox that is asked, or V(host). The listener is started there.
          - Or an IPv4 address. Then whoever accepts there counts (tcp), or answers an echo request (icmp).
        type: str
        required: true
      proto:
        description: The protocol.
        type: str
        choices: [icmp, tcp, udp]
        default: icmp
      port:
        description: The port that is asked. Needed for tcp and udp.
        type: int
      target_port:
        description: The port that answers in the sandbox, where a published port leads to another one.
        type: int
      address:
        description: The address at which O(probes[].to) is asked. Left out, it is that on a network that both are on, else its first one.
        type: str
      expect:
        description: What should come of it. As C(reached) in the results, V(true) and V(false) mean the same.
        type: str
        choices: [reached, blocked]
        default: reached
      size:
        description:
          - Of icmp, how many bytes the packet has, its IP header among them. It is not cut into pieces, neither here nor on its way.
          - Ask so whether the MTU of a network is carried. Left out, the packet is a small one.
        type: int
      id:
        description: The number of the probe, used with O(run).
        type: int
      listener:
        description: The name of the listener that must answer, used with O(run).
        type: str
  listen:
    description: Start these listeners, and return when they stand. Listeners of an earlier O(run) end.
    type: list
    elements: dict
    suboptions:
      in:
        description: The sandbox, or V(host).
        type: str
        required: true
      proto:
        description: The protocol. The kernel itself answers icmp.
        type: str
        choices: [tcp, udp, tcp6, udp6]
        required: true
      port:
        description: The port.
        type: int
        required: true
      name:
        description: The name by which probes know it.
        type: str
        required: true
  collect:
    description: End the listeners, and return what was counted at ports that a service has. With O(run), those of that proof alone.
    type: bool
    default: false
  run:
    description: Text that nobody can guess, equal on all hosts of one proof. With it, O(probes) are only sent, and nothing is judged.
    type: str
  lifetime_s:
    description: After so many seconds the listeners end, whatever happens.
    type: int
    default: 120
  idle_s:
    description: So many seconds after the last packet the listeners end.
    type: int
    default: 10
  plan:
    description: Where the plan lies on the controller, as RV(mooring.cnm.fleet_plan#module:plan) says.
    type: path
  stage:
    description:
      - What of the plan to do.
      - V(listen), then V(send), run on every host. V(collect) is for hosts on which RV(counting) of V(listen) is true.
      - V(verdict) runs once, on the controller. It prints who reaches whom, and fails where something is not as declared or is unproven.
    type: str
    choices: [listen, send, collect, verdict]
  register:
    description: For V(verdict), the variables in which the results of the other stages were registered.
    type: dict
    suboptions:
      listen:
        description: Of V(listen).
        type: str
        required: true
      send:
        description: Of V(send).
        type: str
        required: true
      collect:
        description: Of V(collect).
        type: str
        required: true
extends_documentation_fragment:
  - mooring.cnm.attributes
  - mooring.cnm.attributes.info
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
    details: In check mode nothing is sent. Each RV(results[].reached) is null.
  action:
    description: Has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
"""

EXAMPLES = r"""
- name: Prove that the web server reaches its database and the job runner does not
  mooring.cnm.probe:
    probes:
      - {from: web, to: db, proto: tcp, port: 5432}
      - {from: batch, to: db, proto: tcp, port: 5432, expect: blocked}

- name: Prove that a published port leads to the sandbox
  mooring.cnm.probe:
    probes:
      - {from: host, to: web, address: 127.0.0.1, proto: tcp, port: 8080, target_port: 80}

- name: Prove that full-size packets come through an overlay
  mooring.cnm.probe:
    probes:
      - {from: web, to: 10.0.9.3, size: 1450}

- name: Let listeners stand on every host
  mooring.cnm.probe:
    plan: "{{ topology__plan.plan }}"
    stage: listen
  register: listening

- name: Send all probes
  mooring.cnm.probe:
    plan: "{{ topology__plan.plan }}"
    stage: send
  register: sent
"""

RETURN = r"""
results:
  description: What came of each probe, in the order in which they were given.
  returned: where probes were sent
  type: list
  elements: dict
  contains:
    id: {description: The number of the probe., type: int}
    from: {description: Who asked., type: str}
    to: {description: Who was asked., type: str}
    proto: {description: The protocol., type: str}
    port: {description: The port., type: int}
    reached: {description: Whether the listener answered. Null if the probe could not be sent., type: bool}
    rtt_ms: {description: Milliseconds to the answer. Null if there was none., type: float}
    detail: {description: Why there was no answer or what was odd., type: str}
    peer: {description: The source address that the listener saw., type: str}
    verdict: {description: V(proven) or V(red) or V(unproven). Only where the task judges by itself., type: str}
listening:
  description: How each listener does, by its name. V(bound), V(counting) where a service has its port, or why there is none.
  returned: where listeners were started
  type: dict
counting:
  description: Whether a listener counts, so that O(collect) is needed.
  returned: where listeners were started
  type: bool
arrivals:
  description: The probes that were counted at a port that a service has, each with the address that it came from.
  returned: with O(collect)
  type: list
  elements: dict
displaced:
  description: Whether the listeners of O(run) are there no more, as another proof that begins on the host ends those before.
  returned: with O(collect)
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import bytecode  # noqa: F401  # pylint: disable=unused-import
from ..module_utils.kernel.reasons import unreadable
from ..module_utils.proof.flight import Probe
from ..module_utils.proof.listener import COUNTING, Listener
from ..module_utils.proof.process import collect, start
from ..module_utils.proof.row import Outcome
from ..module_utils.proof.sender import send
from ..module_utils.proof.standalone import namespace, prove
from ..module_utils.proof.verdict import PROVEN
from ..module_utils.state.fault import Fault

SLOT = "fleet"


def listen(params: dict) -> dict:
    """Start listeners for probes of other tasks."""
    wanted = [Listener(namespace(one["in"]), one["proto"], one["port"], one["name"]) for one in params["listen"]]
    states = start(wanted, params["run"], params["lifetime_s"], params["idle_s"], SLOT)
    return {"listening": states, "counting": COUNTING in states.values()}


def send_only(params: dict) -> dict:
    """Send probes to listeners that other tasks have started."""
    probes = params["probes"]
    asked = [
        Probe(one["id"], namespace(one["from"]), one["to"], one["proto"], one["port"] or 0, one["expect"], one["listener"] or "", one["size"] or 0)
        for one in probes
    ]
    outcomes = send(asked, params["run"])
    return {"results": [result(probe, outcomes[probe["id"]]) for probe in probes]}


def judge_all(params: dict) -> dict:
    """Listen, send and judge."""
    found = prove(params["probes"])
    sentences = [verdict.sentence for verdict, _outcome in found if verdict.word != PROVEN]
    results = [result({**probe, "id": verdict.row.id}, outcome, verdict.word) for probe, (verdict, outcome) in zip(params["probes"], found)]
    return {"results": results, **({"msg": ". ".join(sentences) + "."} if sentences else {})}


def result(probe: dict, outcome: Outcome, word: str = "") -> dict:
    """A probe with what came of it."""
    asked = {key: probe[key] for key in ("id", "from", "to", "proto", "port")}
    return {**asked, **vars(outcome), **({"verdict": word} if word else {})}


def main() -> None:
    probe = {
        "from": {"type": "str", "required": True},
        "to": {"type": "str", "required": True},
        "proto": {"type": "str", "choices": ["icmp", "tcp", "udp"], "default": "icmp"},
        "port": {"type": "int"},
        "target_port": {"type": "int"},
        "address": {"type": "str"},
        "expect": {"type": "str", "choices": ["reached", "blocked"], "default": "reached"},
        "size": {"type": "int"},
        "id": {"type": "int"},
        "listener": {"type": "str"},
    }
    listener = {
        "in": {"type": "str", "required": True},
        "proto": {"type": "str", "choices": ["tcp", "udp", "tcp6", "udp6"], "required": True},
        "port": {"type": "int", "required": True},
        "name": {"type": "str", "required": True},
    }
    needs_port = [("proto", "tcp", ["port"]), ("proto", "udp", ["port"])]
    module = AnsibleModule(
        argument_spec={
            "probes": {"type": "list", "elements": "dict", "options": probe, "required_if": needs_port},
            "listen": {"type": "list", "elements": "dict", "options": listener},
            "collect": {"type": "bool", "default": False},
            "run": {"type": "str", "no_log": True},
            "lifetime_s": {"type": "int", "default": 120},
            "idle_s": {"type": "int", "default": 10},
            "plan": {"type": "path"},
            "stage": {"type": "str", "choices": ["listen", "send", "collect", "verdict"]},
            "register": {"type": "dict", "options": {name: {"type": "str", "required": True} for name in ("listen", "send", "collect")}},
        },
        mutually_exclusive=[("probes", "listen")],
        required_by={"listen": "run"},
        supports_check_mode=True,
    )
    params = module.params
    try:
        if module.check_mode:
            found = {"results": [result(one, Outcome(None, detail="check mode: nothing was sent")) for one in params["probes"] or []]}
        elif params["collect"]:
            counted, displaced = collect(SLOT, params["run"])
            found = {"arrivals": counted, "displaced": displaced}
        elif params["listen"] is not None:
            found = listen(params)
        else:
            found = (send_only if params["run"] else judge_all)({**params, "probes": params["probes"] or []})
        (module.fail_json if "msg" in found else module.exit_json)(changed=False, **found)
    except Fault as fault:
        module.fail_json(msg=str(fault))
    except OSError as error:
        module.fail_json(msg=unreadable(error))


if __name__ == "__main__":
    main()
