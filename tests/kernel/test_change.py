# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each option, changed alone on a live topology, changes what belongs to it, in place, and changes back."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.veth_pair import port_name
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Port, Sandbox
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import link_name
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump
from ansible_collections.mooring.cnm.tests.kernel.sockets import Flow, Listener, answers, listening
from ansible_collections.mooring.cnm.tests.kernel.topologies import changed, declare, endpoint, network, run, sandbox

FRONT = network("front", "172.20.0.0/24")
BACK = network("back", "172.21.0.0/24")
ZONE = network("zone", "172.22.0.0/24")  # the unrelated network, with the open connection
WEB = sandbox(
    "web", endpoint("back", "172.21.0.2"), endpoint("front", "172.20.0.2"), endpoint("zone", "172.22.0.2", interface_name="zone0"), ports=(Port(8080, 80),)
)
DB = sandbox("db", endpoint("back", "172.21.0.3"), endpoint("zone", "172.22.0.3", interface_name="zone0"))
DECLARED = declare(FRONT, BACK, ZONE, WEB, DB)
CONNECTION = ("web", "db", "172.22.0.3")  # through the unrelated network
BR, BACK_BR = link_name("b", "default", "front"), link_name("b", "default", "back")
NEW_BR = link_name("b", "default", "new")
BACK_PORT, FRONT_PORT = port_name("default", "back", "web"), port_name("default", "front", "web")
NEW_PORT, NEW_BACK_PORT = port_name("default", "front", "db"), port_name("default", "back", "new")


def web(at: int, **more: object) -> Sandbox:
    """``web`` with other options of its endpoint number ``at``."""
    return replace(WEB, endpoints=tuple(replace(one, **more) if index == at else one for index, one in enumerate(WEB.endpoints)))


HOSTS_OF_BOTH = ["change file /etc/netns/db/hosts: +1 -1 lines", "change file /etc/netns/web/hosts: +1 -1 lines"]
CHANGES = {
    "icc": (
        changed(DECLARED, replace(FRONT, icc=False)),
        ["change chain CNM-FORWARD of table mangle (ipv4): +1 -0 rules", f"change veth {FRONT_PORT} (front/web): isolated from no to yes"],
    ),
    "internal": (
        changed(DECLARED, replace(FRONT, internal=True)),
        [
            "change chain CNM-FORWARD of table mangle (ipv4): +1 -0 rules",
            "change chain CNM-POSTROUTING of table nat (ipv4): +0 -1 rules",
        ],
    ),
    "masquerade": (changed(DECLARED, replace(FRONT, masquerade=False)), ["change chain CNM-POSTROUTING of table nat (ipv4): +0 -1 rules"]),
    "port added": (
        changed(DECLARED, replace(WEB, ports=(*WEB.ports, Port(53, 53, "udp")))),
        ["change chain CNM-PORTS of table nat (ipv4): +1 -0 rules", "forget connections to udp port 53 (ipv4)"],
    ),
    "port changed": (changed(DECLARED, replace(WEB, ports=(Port(8080, 81),))), ["change chain CNM-PORTS of table nat (ipv4): +1 -1 rules"]),
    "port bound to an address": (
        changed(DECLARED, replace(WEB, ports=(Port(8080, 80, "tcp", IPv4Address("127.0.0.1")),))),
        ["change chain CNM-PORTS of table nat (ipv4): +1 -1 rules"],
    ),
    "last port removed": (
        changed(DECLARED, replace(WEB, ports=())),
        [
            "remove chain CNM-PREROUTING of table mangle (ipv4, 2 rules)",
            "remove chain CNM-PORTS of table nat (ipv4, 1 rule)",
            "change chain CNM-POSTROUTING of table nat (ipv4): +0 -2 rules",
            "remove jump from PREROUTING to CNM-PREROUTING in table mangle (ipv4)",
            "remove jump from OUTPUT to CNM-PORTS in table nat (ipv4)",
            "remove jump from PREROUTING to CNM-PORTS in table nat (ipv4)",
            f"change sysctl net/ipv4/conf/{BACK_BR}/route_localnet from 1 to 0",
            f"change veth {BACK_PORT} (back/web): hairpin from yes to no",
        ],
    ),
    "mtu": (
        changed(DECLARED, replace(FRONT, mtu=1400)),
        [
            f"change bridge {BR} (front): mtu from 1500 to 1400",
            f"change veth {FRONT_PORT} (front/web): mtu from 1500 to 1400",
            "change veth eth1 in web (front/web): mtu from 1500 to 1400",
        ],
    ),
    "alias": (
        changed(DECLARED, web(0, aliases=("www",))),
        HOSTS_OF_BOTH,
    ),
    "extra_hosts": (changed(DECLARED, replace(WEB, extra_hosts=(("registry", "192.0.2.9"),))), ["change file /etc/netns/web/hosts: +2 -0 lines"]),
    "dns": (changed(DECLARED, replace(WEB, dns=(IPv4Address("192.0.2.53"),))), ["write file /etc/netns/web/resolv.conf"]),
    "sysctls": (
        changed(DECLARED, replace(WEB, sysctls=(("net.ipv4.ip_default_ttl", "63"),))),
        ["change sysctl net/ipv4/ip_default_ttl from 64 to 63 in web"],
    ),
    "gw_priority": (
        changed(DECLARED, web(1, gw_priority=1)),
        [
            "change chain CNM-PREROUTING of table mangle (ipv4): +2 -2 rules",
            "change chain CNM-PORTS of table nat (ipv4): +1 -1 rules",
            "change chain CNM-POSTROUTING of table nat (ipv4): +2 -2 rules",
            f"change sysctl net/ipv4/conf/{BACK_BR}/route_localnet from 1 to 0",
            f"change sysctl net/ipv4/conf/{BR}/route_localnet from 0 to 1",
            f"change veth {FRONT_PORT} (front/web): hairpin from no to yes",
            f"change veth {BACK_PORT} (back/web): hairpin from yes to no",
            "remove route default via 172.21.0.1 dev eth0 in web",
            "add route default via 172.20.0.1 dev eth1 in web",
        ],
    ),
    "ipv4_address": (
        changed(DECLARED, web(0, ipv4_address=IPv4Address("172.21.0.9"))),
        [
            "change chain CNM-PORTS of table nat (ipv4): +1 -1 rules",
            "remove address 172.21.0.2/24 on eth0 in web",
            "add address 172.21.0.9/24 on eth0 in web",
            "change veth eth0 in web (back/web): mac from 02:42:ac:15:00:02 to 02:42:ac:15:00:09",
            "add route default via 172.21.0.1 dev eth0 in web",
            "change file /etc/netns/db/hosts: +1 -1 lines",
            "change file /etc/netns/web/hosts: +1 -1 lines",
        ],
    ),
    "mac_address": (
        changed(DECLARED, web(0, mac_address="06:00:00:00:00:01")),
        ["change veth eth0 in web (back/web): mac from 02:42:ac:15:00:02 to 06:00:00:00:00:01"],
    ),
    "interface_name": (
        changed(DECLARED, web(0, interface_name="wan0")),
        [
            "rename veth eth0 in web (back/web) to wan0",
            "rename veth eth1 in web (front/web) to eth0",
            "add route default via 172.21.0.1 dev wan0 in web",
        ],
    ),
    "interface_names exchanged": (
        changed(DECLARED, replace(web(0, interface_name="eth1"))),
        [
            "rename veth eth1 in web (front/web) to eth1.cnm0",
            "rename veth eth0 in web (back/web) to eth1",
            "rename veth eth1.cnm0 in web (front/web) to eth0",
            "add route default via 172.21.0.1 dev eth1 in web",
        ],
    ),
    "bridge_name": (
        changed(DECLARED, replace(FRONT, bridge_name="br-front")),
        [
            f"rename bridge {BR} (front) to br-front",
            "change chain CNM-FORWARD of table filter (ipv4): +2 -2 rules",
            "change chain CNM-FORWARD of table mangle (ipv4): +1 -1 rules",
            "change chain CNM-POSTROUTING of table nat (ipv4): +1 -1 rules",
            "set sysctl net/ipv4/conf/br-front/route_localnet = 0",
        ],
    ),
    "gateway": (
        changed(DECLARED, replace(BACK, subnets=(replace(BACK.subnets[0], gateway=IPv4Address("172.21.0.254")),))),
        [
            f"remove address 172.21.0.1/24 on {BACK_BR}",
            f"add address 172.21.0.254/24 on {BACK_BR}",
            f"change bridge {BACK_BR} (back): mac from 02:42:ac:15:00:01 to 02:42:ac:15:00:fe",
            "remove route default via 172.21.0.1 dev eth0 in db",
            "add route default via 172.21.0.254 dev eth0 in db",
            "remove route default via 172.21.0.1 dev eth0 in web",
            "add route default via 172.21.0.254 dev eth0 in web",
        ],
    ),
    "subnet": (
        changed(DECLARED, network("front", "172.30.0.0/24"), web(1, ipv4_address=IPv4Address("172.30.0.2"))),
        [
            "change chain CNM-POSTROUTING of table nat (ipv4): +1 -1 rules",
            f"remove address 172.20.0.1/24 on {BR}",
            f"add address 172.30.0.1/24 on {BR}",
            f"change bridge {BR} (front): mac from 02:42:ac:14:00:01 to 02:42:ac:1e:00:01",
            "remove address 172.20.0.2/24 on eth1 in web",
            "add address 172.30.0.2/24 on eth1 in web",
            "change veth eth1 in web (front/web): mac from 02:42:ac:14:00:02 to 02:42:ac:1e:00:02",
            "change file /etc/netns/web/hosts: +1 -1 lines",
        ],
    ),
    "endpoint removed": (
        changed(DECLARED, replace(WEB, endpoints=(WEB.endpoints[0], WEB.endpoints[2]))),
        [
            f"remove veth {FRONT_PORT} (front/web)",
            "change file /etc/netns/web/hosts: +0 -2 lines",
        ],
    ),
    "endpoint added": (
        changed(DECLARED, replace(DB, endpoints=(*DB.endpoints, endpoint("front", "172.20.0.3")))),
        [
            f"create veth {NEW_PORT} (front/db) with veth eth1 in db (front/db)",
            "add address 172.20.0.3/24 on eth1 in db",
            "change veth eth1 in db (front/db): up from no to yes",
            "change file /etc/netns/db/hosts: +3 -0 lines",
            "change file /etc/netns/web/hosts: +1 -0 lines",
        ],
    ),
    "network added": (
        changed(DECLARED, network("new", "172.29.0.0/24")),
        [
            "change chain CNM-FORWARD of table filter (ipv4): +2 -0 rules",
            "change chain CNM-FORWARD of table mangle (ipv4): +1 -0 rules",
            "change chain CNM-POSTROUTING of table nat (ipv4): +1 -0 rules",
            f"create bridge {NEW_BR} (new)",
            f"set sysctl net/ipv4/conf/{NEW_BR}/route_localnet = 0",
            f"add address 172.29.0.1/24 on {NEW_BR}",
        ],
    ),
    "sandbox added": (
        changed(DECLARED, sandbox("new", endpoint("back", "172.21.0.7"))),
        [
            "create namespace new",
            f"create veth {NEW_BACK_PORT} (back/new) with veth eth0 in new (back/new)",
            "set sysctl net/ipv4/conf/all/arp_notify = 1 in new",
            "set sysctl net/ipv6/conf/all/disable_ipv6 = 1 in new",
            "add address 172.21.0.7/24 on eth0 in new",
            "change veth eth0 in new (back/new): up from no to yes",
            "add route default via 172.21.0.1 dev eth0 in new",
            "change file /etc/netns/db/hosts: +1 -0 lines",
            "write file /etc/netns/new/hosts",
            "change file /etc/netns/web/hosts: +1 -0 lines",
        ],
    ),
    "sandbox joined": (
        changed(DECLARED, Sandbox("new", mode="container", joins="web")),
        [
            "create namespace new as another name of web",
            "write file /etc/netns/new/hosts",
        ],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_option_changes_alone_and_back(standing, name: str) -> None:
    host, connection = standing
    before = dump(host)
    declaration, steps = CHANGES[name]
    predicted = run(declaration, check=True)
    assert list(predicted.ops) == steps
    check_same(before, lambda: dump(host))
    assert run(declaration).ops == predicted.ops
    assert run(declaration).ops == ()
    connection.check()
    back = run(DECLARED, check=True)
    assert run(DECLARED).ops == back.ops
    assert run(DECLARED).ops == ()
    connection.check()
    if name != "endpoint removed":  # which is another link when it comes back
        check_same(before, lambda: dump(host), but=("files",))


@pytest.mark.parametrize("mtu", [68, 576, 1279, 1280, 1500, 9000, 65535])
def test_any_mtu_is_reached_and_kept_without_ports(host, mtu: int) -> None:
    one = changed(declare(FRONT), replace(FRONT, mtu=mtu), sandbox("web", endpoint("front", "172.20.0.2")))
    for declaration in (one, declare(FRONT), one, changed(one, without="web"), declare()):
        run(declaration)
        assert run(declaration).ops == ()


def test_settings_of_a_link_go_with_it(host) -> None:
    """A bridge that takes over the name of another, and links that exchange theirs, get what is declared under that name."""
    setting = (("net.ipv4.conf.eth0.rp_filter", "2"),)
    one = declare(replace(FRONT, bridge_name="br0"), sandbox("web", endpoint("front", "172.20.0.2"), ports=(Port(8080, 80),), sysctls=setting))
    two = declare(replace(BACK, bridge_name="br0"), sandbox("web", endpoint("back", "172.21.0.2"), ports=(Port(8080, 80),), sysctls=setting))
    three = declare(
        BACK, FRONT, replace(two.sandboxes["web"], endpoints=(endpoint("back", "172.21.0.2", interface_name="eth1"), endpoint("front", "172.20.0.2")))
    )
    for declaration in (one, two, three, two, three):
        predicted = run(declaration, check=True)
        assert run(declaration).ops == predicted.ops
        assert run(declaration).ops == ()


def test_sandboxes_that_exchange_their_addresses_are_found_at_once(host) -> None:
    """The others knew the MAC of each address, which goes with it, and the bridge the port of each MAC."""
    one, two = (sandbox(name, endpoint("front", address)) for name, address in (("one", "172.20.0.2"), ("two", "172.20.0.3")))
    flows = [Flow(source, address, 80) for source in ("", "app") for address in ("172.20.0.2", "172.20.0.3")]
    run(declare(FRONT, one, two, sandbox("app", endpoint("front", "172.20.0.4"))))
    with listening(Listener("one", 80), Listener("two", 80)) as listeners:
        assert [said.split()[0] for said in answers(flows, listeners, flows).values()].count("one") == 2
        one, two = replace(one, endpoints=two.endpoints), replace(two, endpoints=one.endpoints)
        run(declare(FRONT, one, two, sandbox("app", endpoint("front", "172.20.0.4"))))
        found = answers(flows, listeners, flows)
        assert {flow: found.get(flow, "").split()[0] for flow in flows} == dict.fromkeys(flows[::2], "two") | dict.fromkeys(flows[1::2], "one")


def test_a_link_that_gets_another_name_keeps_no_route_that_is_not_wanted(host) -> None:
    """From 6.2 on the kernel keeps the routes of a link that is renamed."""
    run(declare(BACK, sandbox("web", endpoint("back", "172.21.0.2", interface_name="wan0"))))
    closed = declare(replace(BACK, internal=True), sandbox("web", endpoint("back", "172.21.0.2")))
    assert run(closed).ops[0] == "remove route default via 172.21.0.1 dev wan0 in web"
    assert host.sh("ip -n web route show default") == ""
