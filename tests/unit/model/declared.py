# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random raw variables: those that can be carried out, and any that a YAML file can hold."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

UNHURRIED = settings(deadline=None)  # a busy machine is no failure
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,9}", fullmatch=True)
SANDBOX_NAMES = NAMES.filter(lambda name: name != "host")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(2**64)
    | st.floats()
    | st.text(max_size=20)
    | st.text(alphabet=st.characters(categories=["Cs", "Cc", "Lu"]), max_size=4)
    | st.sampled_from(["x" * 100_000, "172.20.0.0/24", "172.20.0.1", "fd00::1/64", "8080:80", "5000-5005:5000-5005/udp", "auto", "container:web", "host"])
)
WORDS = st.sampled_from(
    (
        "driver driver_opts internal ipam config subnet gateway mtu icc bridge_name scope gateway_mode networks network_mode ports sysctls"
        " dns extra_hosts ipv4_address ipv6_address aliases mac_address interface_name gw_priority target published host_ip protocol"
        " com.docker.network.driver.mtu net.ipv4.ip_forward enable_ipv6 ip_range aux_addresses allow_from version endpoints ranges seen"
        " subnets vnis prefixes resolvers underlay_address underlay_mtu host_ip port process base size web/web n/n"
    ).split()
)
KEYS = WORDS | st.text(max_size=8) | st.integers() | st.booleans() | st.none()
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=30)


@st.composite
def variables(draw: st.DrawFn, subnets: bool | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """``cnm_networks`` and ``cnm_sandboxes`` of one host without a problem. subnets: whether every network declares one, or None for some."""
    networks: dict[str, Any] = {}
    for index, name in enumerate(draw(st.lists(NAMES, unique=True, min_size=1, max_size=5))):
        network = networks[name] = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "driver": st.just("bridge"),
                    "internal": st.booleans(),
                    "icc": st.booleans(),
                    "masquerade": st.booleans(),
                    "mtu": st.just("auto") | st.integers(68, 65535),
                    "host_binding_ipv4": st.sampled_from(["127.0.0.1", "192.0.2.7", "0.0.0.0"]),
                    "bridge_name": st.just(f"br{index}"),
                    "enable_ipv4": st.booleans(),
                    "enable_ipv6": st.booleans(),
                    "container_iface_prefix": st.sampled_from(["lan", "eth"]),
                    "inhibit_ipv4": st.booleans(),
                },
            )
        )
        if not network.get("enable_ipv6"):
            network.pop("enable_ipv4", None)
        elif isinstance(network.get("mtu"), int) and network["mtu"] < 1280:
            network["mtu"] = 1280
        if subnets or (subnets is None and draw(st.booleans())):
            network["ipam"] = {"config": [draw(subnet(index, family)) for family in (4, 6) if network.get(f"enable_ipv{family}", family == 4)]}
    names = draw(st.lists(SANDBOX_NAMES, unique=True, max_size=8))
    return networks, {name: draw(sandbox(networks, index, names)) for index, name in enumerate(names)}


@st.composite
def subnet(draw: st.DrawFn, index: int, family: int) -> dict[str, Any]:
    """An entry of ipam.config for the network of this number."""
    start, length, inner = (f"10.0.{index}.", 24, 27) if family == 4 else (f"fd00:{index}::", 64, 120)
    zero = "0" if family == 4 else ""
    found: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {"subnet": st.just(f"{start}{zero}/{length}")},
            optional={
                "gateway": st.just(f"{start}{'254' if family == 4 else 'fe'}"),
                "ip_range": st.just(f"{start}{'32' if family == 4 else '200'}/{inner}"),
                "aux_addresses": st.sampled_from([{}, {"printer": f"{start}33"}, {f"DefaultGatewayIPv{family}": f"{start}9"}]),
            },
        )
    )
    return found


@st.composite
def sandbox(draw: st.DrawFn, networks: dict[str, Any], index: int, names: list[str]) -> dict[str, Any]:
    """One sandbox; its number gives it ports and addresses that no other has."""
    mode = draw(st.sampled_from(["networks", "networks", "networks", "none", "host", "container"]))
    if mode == "host" or (mode == "container" and index == 0):
        return {"network_mode": "host"}
    if mode == "container":
        return {"network_mode": f"container:{draw(st.sampled_from(names[:index]))}"}
    found: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "dns": st.lists(st.sampled_from(["192.0.2.53", "192.0.2.54"]), max_size=3),
                "sysctls": st.dictionaries(st.sampled_from(["net.core.somaxconn", "net.ipv4.ip_forward"]), st.integers(0, 9) | st.just("1 2")),
                "extra_hosts": st.lists(st.sampled_from(["a:192.0.2.1", "b:192.0.2.2", "a:192.0.2.3"])),
            },
        )
    )
    if mode == "none":
        return found | {"network_mode": "none"}
    joined = draw(st.lists(st.sampled_from(sorted(networks)), unique=True))
    found["networks"] = {name: draw(endpoint(networks[name], index, place)) for place, name in enumerate(joined)}
    if any(not networks[name].get("internal") and networks[name].get("enable_ipv4", True) for name in joined):
        ports = [
            f"{8000 + index}:80",
            f"127.0.0.1:{9000 + index}:443/tcp",
            f"192.0.2.1:{9000 + index}:53",
            f"{5000 + 10 * index}-{5003 + 10 * index}:10-13/udp",
            "90",
            "7000-7999:91/sctp",
            {"target": 92, "published": 7900 + index, "allow_from": ["192.0.2.0/24", "fd00::/8"]},
        ]
        found["ports"] = draw(st.lists(st.sampled_from(ports), unique_by=str))
    return found


@st.composite
def endpoint(draw: st.DrawFn, network: dict[str, Any], index: int, place: int) -> dict[str, Any] | None:
    """One endpoint, the sandbox's ``place``-th; a declared address needs a declared subnet."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "aliases": st.lists(NAMES, max_size=3),
        "mac_address": st.just(f"06:00:00:00:00:{index:02X}"),
        "interface_name": st.just(f"eth{2 * place}"),
        "gw_priority": st.integers(-5, 5),
        "bandwidth": st.sampled_from([{"ingress_rate": "10mbit"}, {"egress_rate": 1_000_000, "egress_burst": "1mbit"}]),
        "sysctls": st.just({"net.ipv4.conf.IFNAME.log_martians": 1}),
        "promisc": st.booleans(),
        "txqlen": st.integers(0, 5000),
    }
    if network.get("enable_ipv4", True):
        elsewhere = [{"destination": f"198.51.{place}.0/24", "metric": 5}, {"destination": f"198.52.{place}.0/24", "type": "unreachable"}]
        optional["routes"] = st.sampled_from([[], elsewhere])
    if "ipam" in network:
        for entry in network["ipam"]["config"]:
            family = 6 if ":" in entry["subnet"] else 4
            start = entry["subnet"].rpartition("/")[0].rstrip("0") if family == 4 else entry["subnet"].rpartition("/")[0]
            optional[f"ipv{family}_address"] = st.just(f"{start}{100 + index}")
    return draw(st.none() | st.fixed_dictionaries({}, optional=optional))
