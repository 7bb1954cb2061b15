# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sandboxes: from raw variables to data, and every problem with its path."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Endpoint, Port, Sandbox
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration

NETWORKS = {
    "front": None,
    "local": {"host_binding_ipv4": "127.0.0.1"},
    "inner": {"internal": True},
    "outside": {"driver": "host"},
    "nothing": {"driver": "none"},
}


def read(raw: object) -> tuple[Sandbox, dict[str, str]]:
    """The sandbox s and {path below it: message} of all problems."""
    declaration, problems = parse_declaration(NETWORKS, {"s": raw})
    return declaration.sandboxes["s"], {problem.path.partition("cnm_sandboxes.s")[2].lstrip("."): problem.message for problem in problems}


@pytest.mark.parametrize("raw", [None, {}, {"networks": None, "ports": [], "sysctls": {}, "dns": None}])
def test_defaults(raw: object) -> None:
    assert read(raw) == (Sandbox("s"), {})


def test_every_key() -> None:
    raw = {
        "networks": {
            "inner": None,
            "front": {
                "ipv4_address": "172.20.0.10",
                "aliases": ["www", "api", "www"],
                "mac_address": "02-42-AC-14-00-0A",
                "interface_name": "front0",
                "gw_priority": "1",
            },
        },
        "ports": ["8080:80"],
        "sysctls": {"net.ipv4.tcp_rmem": "4096\t8192  16384", "net.core.somaxconn": 1024},
        "dns": ["192.0.2.54", "192.0.2.53"],
        "extra_hosts": {"registry": "192.0.2.9"},
    }
    assert read(raw) == (
        Sandbox(
            name="s",
            endpoints=(Endpoint("front", IPv4Address("172.20.0.10"), "02:42:ac:14:00:0a", "front0", ("api", "www"), 1), Endpoint("inner")),
            ports=(Port(8080, 80),),
            sysctls=(("net.core.somaxconn", "1024"), ("net.ipv4.tcp_rmem", "4096 8192 16384")),
            dns=(IPv4Address("192.0.2.54"), IPv4Address("192.0.2.53")),
            extra_hosts=(("registry", "192.0.2.9"),),
        ),
        {},
    )


def test_lists_mean_the_same_as_dictionaries() -> None:
    lists = {"networks": ["front", "inner"], "sysctls": ["net.core.somaxconn=1024"], "dns": "192.0.2.53", "extra_hosts": ["a:192.0.2.1", "b=192.0.2.2"]}
    dictionaries = {
        "networks": {"inner": {}, "front": {}},
        "sysctls": {"net.core.somaxconn": 1024},
        "dns": ["192.0.2.53"],
        "extra_hosts": {"a": "192.0.2.1", "b": "192.0.2.2"},
    }
    assert read(lists) == read(dictionaries)
    assert read(lists)[1] == {}


@pytest.mark.parametrize(
    ("raw", "mode", "joins"),
    [
        ({"network_mode": "host"}, "host", None),
        ({"network_mode": "none"}, "none", None),
        ({"network_mode": "container:web", "networks": [], "ports": []}, "container", "web"),
        ({"networks": ["outside"]}, "host", None),
        ({"networks": {"nothing": None}}, "none", None),
        ({"networks": {"nothing": {}}}, "none", None),
        ({"networks": ["front"]}, "networks", None),
    ],
)
def test_modes(raw: object, mode: str, joins: str | None) -> None:
    sandbox, problems = read(raw)
    assert problems == {}
    assert (sandbox.mode, sandbox.joins) == (mode, joins)


@pytest.mark.parametrize(
    ("networks", "host_ip"),
    [(["local"], "127.0.0.1"), (["local", "inner"], "127.0.0.1"), (["front", "local"], None), ({"front": None, "local": {"gw_priority": 1}}, "127.0.0.1")],
)
def test_ports_go_where_the_gateway_network_says(networks: object, host_ip: str | None) -> None:
    expected = Port(1, 1, "tcp", IPv4Address(host_ip) if host_ip else None)
    assert read({"networks": networks, "ports": ["1:1"]})[0].ports == (expected,)


def test_an_unknown_network_is_kept_for_the_checks() -> None:
    assert read({"networks": ["elsewhere"]}) == (Sandbox("s", endpoints=(Endpoint("elsewhere"),)), {})


@pytest.mark.parametrize(
    ("raw", "path", "words"),
    [
        ([], "", "a dictionary is expected"),
        ({"netwrks": []}, "netwrks", "did you mean 'networks'?"),
        ({"network_mode": "bridge"}, "network_mode", "host, none or container:NAME"),
        ({"network_mode": "service:web"}, "network_mode", "joined by container:NAME"),
        ({"network_mode": "container:"}, "network_mode", "a name begins"),
        ({"network_mode": "container:../x"}, "network_mode", "a name begins"),
        ({"network_mode": ["host"]}, "network_mode", "text is expected"),
        ({"network_mode": "host", "networks": ["front"]}, "networks", "'networks' is impossible in the host's own namespace (mode host)"),
        ({"network_mode": "host", "ports": ["1:1"]}, "ports", "impossible"),
        ({"network_mode": "none", "ports": ["1:1"]}, "ports", "impossible in a namespace without networks"),
        ({"network_mode": "container:web", "dns": ["192.0.2.1"]}, "dns", "impossible in the namespace of another sandbox"),
        ({"network_mode": "container:web", "sysctls": {"net.core.somaxconn": 1}}, "sysctls", "impossible"),
        ({"networks": ["outside"], "ports": ["1:1"]}, "ports", "impossible in the host's own namespace"),
        ({"networks": ["front", "outside"]}, "networks.outside", "a sandbox on a network of driver host can be on no other"),
        ({"networks": {"nothing": {"aliases": ["a"]}}}, "networks.nothing", "an endpoint in a network of driver none has no options"),
        ({"networks": "front"}, "networks", "a list of networks, or a dictionary with the options of each endpoint, is expected"),
        ({"networks": ["front", "front"]}, "networks[1]", "name the network once"),
        ({"networks": [{"front": None}]}, "networks[0]", "a name begins"),
        ({"networks": {"a/b": None}}, "networks.a/b", "a name begins"),
        ({"networks": {1: None}}, "networks.1", "a key must be text"),
        ({"networks": {"front": []}}, "networks.front", "a dictionary is expected"),
        ({"networks": {"front": {"ipv4_adress": "x"}}}, "networks.front.ipv4_adress", "did you mean 'ipv4_address'?"),
        ({"networks": {"front": {"ipv6_address": "10.0.0.1"}}}, "networks.front.ipv6_address", "an IPv6 address such as"),
        ({"networks": {"front": {"ipv4_address": "fd00::1"}}}, "networks.front.ipv4_address", "an IPv4 address such as"),
        (
            {"networks": {"front": {"driver_opts": {"com.docker.network.endpoint.ifnam": "x"}}}},
            "networks.front.driver_opts.com.docker.network.endpoint.ifnam",
            "did you mean",
        ),
        ({"networks": {"front": {"ipv4_address": "10.0.0.256"}}}, "networks.front.ipv4_address", "an address such as"),
        ({"networks": {"front": {"ipv4_address": 167772161}}}, "networks.front.ipv4_address", "text is expected: put it in quotes"),
        ({"networks": {"front": {"mac_address": "02:42:ac"}}}, "networks.front.mac_address", "a MAC address such as"),
        ({"networks": {"front": {"mac_address": "03:42:ac:14:00:0a"}}}, "networks.front.mac_address", "unicast"),
        ({"networks": {"front": {"mac_address": "00:00:00:00:00:00"}}}, "networks.front.mac_address", "unicast"),
        ({"networks": {"front": {"interface_name": "lo"}}}, "networks.front.interface_name", "a meaning of its own"),
        ({"networks": {"front": {"aliases": "www"}}}, "networks.front.aliases", "a list is expected"),
        ({"networks": {"front": {"aliases": ["www", "a b"]}}}, "networks.front.aliases[1]", "a name begins"),
        ({"networks": {"front": {"gw_priority": 2**31}}}, "networks.front.gw_priority", "a number from -2147483648"),
        ({"ports": "8080:80"}, "ports", "a list is expected"),
        ({"sysctls": {"kernel.shmmax": 1}}, "sysctls.kernel.shmmax", "only sysctls of a network namespace"),
        ({"sysctls": {"net/../kernel/x": 1}}, "sysctls.net/../kernel/x", "only sysctls of a network namespace"),
        ({"sysctls": {"net..kernel": 1}}, "sysctls.net..kernel", "only sysctls"),
        ({"sysctls": {"net.a": True}}, "sysctls.net.a", "a number or text"),
        ({"sysctls": {"net.a": "1\n2"}}, "sysctls.net.a", "one line"),
        ({"sysctls": {"net.a": 2**64}}, "sysctls.net.a", "larger than any"),
        ({"sysctls": {"net.a": 10**5000}}, "sysctls.net.a", "larger than any"),
        ({"sysctls": ["net.a"]}, "sysctls[0]", "text such as name=value"),
        ({"sysctls": ["net.a=1", "net.a=2"]}, "sysctls[1]", "given twice"),
        ({"dns": ["192.0.2.1", "fd00::1%eth0"]}, "dns[1]", "without '%'"),
        ({"dns": "resolver"}, "dns[0]", "an address such as"),
        ({"extra_hosts": {"a": "host-gateway"}}, "extra_hosts.a", "host-gateway is not yet supported"),
        ({"extra_hosts": {"a b": "192.0.2.1"}}, "extra_hosts.a b", "a host name"),
        ({"extra_hosts": ["a"]}, "extra_hosts[0]", "text such as name:value"),
        ({"extra_hosts": ["a:::x"]}, "extra_hosts[0]", "an address such as"),
        ({"extra_hosts": "a:192.0.2.1"}, "extra_hosts", "a dictionary, or a list of texts such as name:value, is expected"),
    ],
)
def test_one_problem(raw: object, path: str, words: str) -> None:
    _sandbox, problems = read(raw)
    assert list(problems) == [path]
    assert words in problems[path]
