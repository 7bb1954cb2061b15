# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on each host of molecule/bridge, in the words of the kernel and its tools."""

from __future__ import annotations

import pytest
from testinfra.host import Host

from .conftest import Room

# From the inventory of molecule/bridge; the subnet of guests is the first of the pools, which the ledger gave.
BRIDGES = {"front": "172.20.0.1/24", "back": "172.21.0.1/24", "guests": "172.17.0.1/16"}
ENDPOINTS = {
    ("web", "front", "eth1"): "172.20.0.10/24",
    ("web", "back", "eth0"): "172.21.0.10/24",
    ("db", "back", "eth0"): "172.21.0.11/24",
    ("proxy", "front", "eth0"): "172.20.0.11/24",
    ("proxy", "guests", "eth1"): "172.17.0.3/16",
    ("alice", "guests", "eth0"): "172.17.0.2/16",
}


def mac(address: str) -> str:
    """Docker's: 02:42 and the four bytes of the address."""
    return "02:42:" + ":".join(f"{int(byte):02x}" for byte in address.split("/")[0].split("."))


@pytest.mark.parametrize("network", BRIDGES)
def test_bridge(host: Host, network: str) -> None:
    room = Room(host)
    link = room.link(f"cnm+default+{network}")
    assert link["linkinfo"]["info_kind"] == "bridge"
    assert "UP" in link["flags"]
    assert link["mtu"] == 1500
    assert link["address"] == mac(BRIDGES[network])
    assert link["ifalias"] == f"cnm:default:{network}::bridge"
    assert len(link["ifname"]) <= 15
    assert room.addresses(link["ifname"]) == [BRIDGES[network]]


@pytest.mark.parametrize(("sandbox", "network", "interface"), ENDPOINTS)
def test_endpoint(host: Host, sandbox: str, network: str, interface: str) -> None:
    address = ENDPOINTS[(sandbox, network, interface)]
    outside, inside = Room(host), Room(host, sandbox)
    port, link = outside.link(f"cnm+default+{network}+{sandbox}"), inside.link(interface)
    assert port["master"] == outside.link(f"cnm+default+{network}")["ifname"]
    assert port["linkinfo"]["info_slave_data"]["isolated"] == (network == "guests")
    assert port["link_index"] == link["ifindex"]
    assert link["link_index"] == port["ifindex"]
    assert link["address"] == mac(address)
    assert link["mtu"] == port["mtu"] == 1500
    assert {"UP", "LOWER_UP"} <= {*link["flags"]} & {*port["flags"]}
    assert inside.addresses(interface) == [address]
    assert inside.run("cat /proc/sys/net/ipv4/conf/all/arp_notify") == "1"


@pytest.mark.parametrize(
    ("sandbox", "links", "default"),
    [
        ("web", {"eth0", "eth1"}, [("default", "172.20.0.1", "eth1")]),
        ("db", {"eth0"}, []),
        ("proxy", {"eth0", "eth1"}, [("default", "172.20.0.1", "eth0")]),
        ("alice", {"eth0"}, [("default", "172.17.0.1", "eth0")]),
        ("batch", set(), []),
    ],
)
def test_sandbox_has_just_its_links_and_its_way_out(host: Host, sandbox: str, links: set[str], default: list[tuple[str, str, str]]) -> None:
    room = Room(host, sandbox)
    assert room.links() == {"lo", *links}
    assert "UP" in room.link("lo")["flags"]
    assert [route for route in room.routes() if route[0] == "default"] == default


def test_joined_sandbox_shares_the_namespace_and_host_mode_has_none(host: Host) -> None:
    assert host.file("/run/netns/cache").inode == host.file("/run/netns/web").inode != host.file("/run/netns/db").inode
    assert not host.file("/run/netns/agent").exists


def test_names_of_namespaces(host: Host) -> None:
    assert set(host.file("/run/netns").listdir()) == {"alice", "batch", "cache", "db", "proxy", "web"}


@pytest.mark.parametrize(
    ("sandbox", "name", "address"),
    [
        ("web", "db", "172.21.0.11"),
        ("web", "proxy", "172.20.0.11"),
        ("proxy", "web", "172.20.0.10"),
        ("proxy", "www", "172.20.0.10"),
        ("db", "web", "172.21.0.10"),
        ("db", "registry", "192.0.2.9"),
        ("cache", "db", "172.21.0.11"),
        ("alice", "localhost", "127.0.0.1"),
    ],
)
def test_name_is_found(host: Host, sandbox: str, name: str, address: str) -> None:
    assert Room(host, sandbox).run(f"getent ahostsv4 {name}").split()[0] == address


@pytest.mark.parametrize(("sandbox", "name"), [("alice", "web"), ("db", "proxy"), ("batch", "web")])
def test_name_of_another_network_is_not_found(host: Host, sandbox: str, name: str) -> None:
    hosts = Room(host, sandbox).run("cat /etc/hosts")
    assert name not in hosts.split()


def test_name_servers_and_sysctls_are_the_sandboxs_own(host: Host) -> None:
    assert "nameserver 192.0.2.53" in Room(host, "db").run("cat /etc/resolv.conf").splitlines()
    assert Room(host, "db").run("cat /proc/sys/net/core/somaxconn") == "1024"
    assert Room(host).run("cat /proc/sys/net/core/somaxconn") != "1024"


@pytest.mark.parametrize(
    ("table", "chain", "rules"),
    [
        ("mangle", "FORWARD", ["-m comment --comment cnm:default -j CNM-FORWARD"]),
        ("filter", "FORWARD", ["-m comment --comment cnm:default -j CNM-FORWARD"]),
        ("nat", "POSTROUTING", ["-m comment --comment cnm:default -j CNM-POSTROUTING"]),
        ("nat", "OUTPUT", ["-m addrtype --dst-type LOCAL -m comment --comment cnm:default -j CNM-PORTS"]),
        ("nat", "PREROUTING", ["! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -m comment --comment cnm:default -j CNM-PORTS"]),
        (
            "nat",
            "CNM-PORTS",
            [
                "-d 127.0.0.1/32 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 172.20.0.10:443",
                "-p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.20.0.10:80",
                "-p udp -m udp --dport 5353 -j DNAT --to-destination 172.20.0.10:53",
            ],
        ),
    ],
)
def test_rules(host: Host, table: str, chain: str, rules: list[str]) -> None:
    found = [line.replace('"', "").removeprefix(f"-A {chain} ") for line in host.iptables.rules(table, chain) if line.startswith("-A")]
    assert sorted(found) == sorted(rules)


def test_only_networks_that_lead_out_are_masqueraded(host: Host) -> None:
    name = {network: Room(host).link(f"cnm+default+{network}")["ifname"] for network in BRIDGES}
    hidden = [line for line in host.iptables.rules("nat", "CNM-POSTROUTING") if "! -o" in line]
    assert sorted(hidden) == sorted(
        f"-A CNM-POSTROUTING -s {subnet} ! -o {name[network]} -j MASQUERADE" for network, subnet in (("front", "172.20.0.0/24"), ("guests", "172.17.0.0/16"))
    )


def test_closed_network_and_neighbours_apart(host: Host) -> None:
    name = {network: Room(host).link(f"cnm+default+{network}")["ifname"] for network in BRIDGES}
    guard = host.iptables.rules("mangle", "CNM-FORWARD")
    for line in (f"-i {name['back']} ! -o {name['back']}", f"! -i {name['back']} -o {name['back']}", f"-i {name['guests']} -o {name['guests']}"):
        assert f"-A CNM-FORWARD {line} -j DROP" in guard
    assert f"-A CNM-FORWARD -i {name['front']} -o {name['front']} -j DROP" not in guard


def test_the_host_forwards(host: Host) -> None:
    assert host.sysctl("net.ipv4.ip_forward") == 1
