# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rates of endpoints on a wire are asked, whatever the driver and its mode: kept, repaired, and gone without a trace."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Sandbox
from ansible_collections.mooring.cnm.plugins.module_utils.model.parent import L3_MODES
from ansible_collections.mooring.cnm.plugins.module_utils.model.tuning import Bandwidth, Tuning
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import link_name
from ansible_collections.mooring.cnm.tests.kernel.on_wire import ADDRESSES, SHIM, A, B, on_parent, wire
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump
from ansible_collections.mooring.cnm.tests.kernel.rates import EACH_WAY, SLOW, seconds, servers
from ansible_collections.mooring.cnm.tests.kernel.topologies import changed, clear, declare, endpoint, run, sandbox

AROUND = link_name("i", "default", "lan", "a")
BOTH_WAYS = Tuning(Bandwidth(SLOW, 800_000, SLOW))


def limited(driver: str, tuning: Tuning, *others: Sandbox, **more: Any) -> Declaration:
    """A network on the card with sandbox a, which has the tuning, and others."""
    return declare(on_parent(driver, **more), sandbox("a", endpoint("lan", ADDRESSES["a"], tuning=tuning)), *others)


def check_a_rate_is_kept(host: Any, driver: str, way: str, neighbours: tuple[str, ...] = ("far", "b"), **more: Any) -> None:
    """In its direction and nowhere else. neighbours: whom a reaches, the first of which reaches b too."""
    wire(host)
    if more.get("mode") in L3_MODES:  # they answer no ARP, so the neighbour needs a route to them, and the host an address to answer in their stead
        host.sh("ip addr add 192.0.2.2/24 dev wire; for at in 10 11; do ip -n far route add 192.0.2.$at via 192.0.2.2; done")
    bandwidth, directions = EACH_WAY[way]
    declared = limited(driver, Tuning(bandwidth), *[B] * ("b" in neighbours), **more)
    predicted = run(declared, check=True)
    done = run(declared)
    assert done.ops == predicted.ops and run(declared).ops == ()
    assert describe(done.after, "default") == describe(predicted.after, "default") == declared
    pairs = {**{(one, "a"): "in" for one in neighbours}, **{("a", one): "out" for one in neighbours}}
    if "b" in neighbours:
        pairs.update({("b", "far"): "", ("far", "b"): ""})
    with servers("a", *neighbours):
        slow = {pair for pair, direction in pairs.items() if direction in directions}
        took = {(one, other): seconds(one, ADDRESSES[other], (one, other) in slow) for one, other in pairs}
        assert run(changed(declared, sandbox("a", endpoint("lan", ADDRESSES["a"])))).ops
        free = {(one, other): seconds(one, ADDRESSES[other]) for one, other in pairs}
    assert min(took[pair] for pair in slow) > 5 * max([*free.values(), *(took[pair] for pair in pairs if pair not in slow)]), (took, free)


def check_drift_of_a_rate_is_repaired(host: Any, driver: str, **more: Any) -> None:
    """Where it drifted, whoever did it in the sandbox: what has not drifted stays, the sandbox's link too."""
    wire(host)
    declared = limited(driver, BOTH_WAYS, **more)
    run(declared)
    index = _index(host)
    drifts = {
        "tc -n a qdisc delete dev eth0 root": ["add queue of 5000000 bytes/s on eth0 in a"],
        f"tc -n a qdisc replace dev {AROUND} root handle 636e: tbf rate 1mbit burst 100000 limit 225000": [f"change queue of 5000000 bytes/s on {AROUND} in a"],
        "tc -n a qdisc delete dev eth0 ingress": [f"add redirection to {AROUND} on eth0 in a"],
        f"ip -n a link delete {AROUND}": [
            f"create ifb {AROUND} in a (lan/a)",
            f"add queue of 5000000 bytes/s on {AROUND} in a",
            f"change redirection to {AROUND} on eth0 in a",
            f"change ifb {AROUND} in a (lan/a)",
        ],
        f"ip -n a link set {AROUND} down": [f"change ifb {AROUND} in a (lan/a)"],
    }
    for command, steps in drifts.items():
        host.sh(command)
        predicted = run(declared, check=True).ops
        assert [step.split(": ")[0] for step in predicted] == steps, predicted
        assert run(declared).ops == predicted
        assert run(declared).ops == ()
    assert _index(host) == index


def check_a_rate_leaves_no_trace(host: Any, driver: str, **more: Any) -> None:
    """Not in the sandbox when it is no longer declared, not on the host at any time, and nothing of it where a run fails."""
    wire(host)
    empty = dump(host)
    plain = declare(on_parent(driver, host_shim=SHIM, **more), A, B)
    shaped = limited(driver, BOTH_WAYS, B, host_shim=SHIM, **more)
    run(plain)
    stood, on_host = _queues(host, "a"), _queues(host, "")
    run(shaped)
    assert "tbf" in _queues(host, "a") and "cnmi" in _queues(host, "a")
    assert _queues(host, "") == on_host
    run(plain)
    assert _queues(host, "a") == stood
    # Somebody else has the other card for himself, from a namespace where nobody looks.
    host.sh("ip link add other type veth peer name otherfar && ip link set other up")
    host.sh("ip netns add hidden && ip link add hold netns hidden link other type macvlan mode passthru")
    other = on_parent(driver, "two", "198.51.100.0/24", parent="other")
    for before, after in ((plain, shaped), (shaped, plain)):
        run(before)
        standing = _queues(host, "a")
        with pytest.raises(Fault, match="What stood before was put back"):
            run(changed(after, other, sandbox("c", endpoint("two", "198.51.100.10"))))
        assert _queues(host, "a") == standing
        assert run(before).ops == ()
    host.sh("ip netns del hidden && ip link del other")
    clear()
    check_same(empty, lambda: dump(host))


def _queues(host: Any, netns: str) -> str:
    """Links, queues and filters in a namespace, without the numbers that the kernel gives actions in turn; the empty one is the host's."""
    inside = f"-n {netns} " if netns else ""
    links = host.sh(f"ip {inside}-o link | sed 's/^[0-9]*: //; s/[@:].*//'").split()
    filters = (host.sh(f"tc {inside}filter show dev {link} ingress") for link in links if "ingress" in host.sh(f"tc {inside}qdisc show dev {link}"))
    return "\n".join([*links, host.sh(f"tc {inside}qdisc show")]) + re.sub(r"index [0-9]+ ", "", "".join(filters))


def _index(host: Any) -> int:
    return int(json.loads(host.sh("ip -n a -j link show eth0"))[0]["ifindex"])
