# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only the networks of some drivers are brought to their declaration: what the fleet has of others stays as it stands, broken or not."""

from __future__ import annotations

import json
from collections.abc import Collection

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.converge import Outcome, converge, predict
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.part import combined, part_of
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.observe import observe
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState
from ansible_collections.mooring.cnm.tests.kernel.on_wire import answered, on_parent, wire
from ansible_collections.mooring.cnm.tests.kernel.pictures import inode, rules
from ansible_collections.mooring.cnm.tests.kernel.sockets import Connection
from ansible_collections.mooring.cnm.tests.kernel.topologies import FRONT, NOTHING, clear, declare, endpoint, run, sandbox

WEB = sandbox("web", endpoint("front", "172.20.0.2"), endpoint("lan", "192.0.2.10", interface_name="lan0"), sysctls=(("net.ipv4.ip_default_ttl", "63"),))
DB, BOX = sandbox("db", endpoint("front", "172.20.0.3")), sandbox("box", endpoint("lan", "192.0.2.11"))
LAN = on_parent("macvlan", gateway="192.0.2.1")
DECLARED = declare(FRONT, LAN, WEB, DB, BOX)
AT = {"web": "192.0.2.10", "box": "192.0.2.11", "far": "192.0.2.1"}


def bring(declared: Declaration, *drivers: str) -> Outcome:
    """What module topology does with ``drivers``, predicted first."""
    standing = describe(observe(HostState(), "default"), "default")
    part = part_of(declared, standing, drivers)
    wanted = part.of(host_state(combined(declared, standing, drivers), "default"))
    predicted = predict(wanted, "default", lambda target, fleet: part.beside(observe(target, fleet), target.objects))
    done = converge(wanted, "default", lambda target, fleet: part.beside(observe(target, fleet), target.objects))
    assert done.ops == predicted.ops and not done.clashes
    return done


def links(host, sandbox: str) -> list[str]:
    return sorted(one["ifname"] for one in json.loads(host.sh(f"ip -n {sandbox} -j link")) if one["ifname"] != "lo")


def reached(places: Collection[str]) -> set[tuple[str, str]]:
    pairs = {(one, other) for one in places for other in places if one != other}
    return answered(*places, addresses=AT, expected=pairs)


def test_one_driver_after_the_other_ends_where_both_at_once_end(host) -> None:
    wire(host)
    bring(DECLARED, "macvlan", "ipvlan")
    assert links(host, "web") == ["lan0"] and not host.succeeds("ip netns pids db") and not rules(host)
    assert host.sh("ip -n web route show default").split()[2] == "192.0.2.1"
    assert bring(DECLARED, "macvlan").ops == ()
    bring(DECLARED, "bridge")
    assert links(host, "web") == ["eth0", "lan0"]
    assert run(DECLARED, check=True).ops == ()
    assert bring(DECLARED, "bridge").ops == bring(DECLARED, "macvlan").ops == bring(DECLARED, "ipvlan").ops == ()
    assert len(reached(["web", "box", "far"])) == 6


def test_what_belongs_to_other_drivers_is_left_as_it_stands(host) -> None:
    wire(host)
    run(DECLARED)
    host.sh("iptables -t mangle -F CNM-FORWARD && ip -n db addr add 172.20.0.77/24 dev eth0 && ip -n web link set eth0 mtu 1400")
    assert bring(DECLARED, "macvlan", "ipvlan").ops == ()
    host.sh("ip -n box link set eth0 mtu 1400 && ip -n web addr add 192.0.2.77/24 dev lan0")
    assert len(bring(DECLARED, "macvlan").ops) == 2
    assert len(bring(DECLARED, "bridge").ops) == 3
    assert run(DECLARED, check=True).ops == ()


@pytest.mark.parametrize("drivers", [("macvlan",), ("bridge",)], ids=["macvlan", "bridge"])
def test_to_prune_one_driver_keeps_sandboxes_that_are_on_others(host, drivers: tuple[str, ...]) -> None:
    wire(host)
    run(DECLARED)
    before = inode("web")
    left = Connection("web", "db", "172.20.0.3") if drivers == ("macvlan",) else Connection("web", "box", "192.0.2.11")
    bring(NOTHING, *drivers)
    left.check()
    left.close()
    assert inode("web") == before
    assert links(host, "web") == (["eth0"] if drivers == ("macvlan",) else ["lan0"])
    gone, stays = ("box", "db") if drivers == ("macvlan",) else ("db", "box")
    assert not host.succeeds(f"ip -n {gone} link") and host.succeeds(f"ip -n {stays} link")
    assert bool(rules(host)) == (drivers == ("macvlan",))
    assert bring(NOTHING, *drivers).ops == ()
    clear()


def test_a_network_that_would_change_its_driver_is_refused(host) -> None:
    wire(host)
    run(DECLARED)
    other = declare(on_parent("macvlan", "front"), sandbox("web", endpoint("front", "192.0.2.10")))
    with pytest.raises(Fault, match="it stands as a network of driver bridge, which is left alone here"):
        bring(other, "macvlan")
