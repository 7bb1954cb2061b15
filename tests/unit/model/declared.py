# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random raw variables: those that can be carried out, and any that a YAML file can hold."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from .declared_networks import DRIVERS, FLEET_DRIVERS, ON_PARENT, networks
from .declared_tuning import of_an_endpoint

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
    | st.sampled_from(
        [
            "x" * 100_000,
            "172.20.0.0/24",
            "172.20.0.1",
            "fd00::1/64",
            "8080:80",
            "5000-5005:5000-5005/udp",
            "auto",
            "container:web",
            "host",
            "macvlan",
            "overlay",
        ]
    )
)
WORDS = st.sampled_from(
    (
        "driver driver_opts internal ipam config subnet gateway mtu icc bridge_name scope gateway_mode networks network_mode ports sysctls"
        " dns extra_hosts ipv4_address ipv6_address aliases mac_address interface_name gw_priority target published host_ip protocol"
        " com.docker.network.driver.mtu net.ipv4.ip_forward enable_ipv6 ip_range aux_addresses allow_from version endpoints ranges seen"
        " subnets vnis prefixes resolvers underlay_address underlay_mtu host_ip port process base size web/web n/n"
        " parent mode flag host_shim docker_network vni broadcast container pid netns missing bandwidth egress_rate routes destination type txqlen promisc"
    ).split()
)
KEYS = WORDS | st.text(max_size=8) | st.integers() | st.booleans() | st.none()
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=30)


Raw = tuple[dict[str, Any], dict[str, Any]]


@st.composite
def variables(draw: st.DrawFn, subnets: bool | None = None, shared: dict[str, dict[str, Any]] | None = None, at: int = 0) -> Raw:
    """``cnm_networks`` and ``cnm_sandboxes`` of one host without a problem. subnets: whether every network declares one, or None for some.

    shared: the networks that this host, the ``at``-th of a fleet, may share with others; None: it has them all for itself.
    """
    alone = shared is None
    found: dict[str, Any] = {}
    for index, name in enumerate(draw(st.lists(NAMES, unique=True, min_size=1, max_size=5))):
        driver = draw(st.sampled_from([one for one in DRIVERS if alone or one != "overlay"]))
        found[name] = draw(networks(index, driver, subnets, None if alone else "host"))
    for index, (name, network) in enumerate((shared or {}).items()):
        if draw(st.booleans()):
            found[name] = dict(network)
            if network["driver"] in ON_PARENT and "driver_opts" not in network and draw(st.booleans()):
                found[name]["parent"] = f"ens{index}"
    names = draw(st.lists(SANDBOX_NAMES, unique=True, max_size=8))
    boxes: dict[str, Any] = {}
    for index, name in enumerate(names):
        boxes[name] = draw(sandbox(found, boxes, index, at))
    return found, boxes


@st.composite
def fleets(draw: st.DrawFn) -> dict[str, Raw]:
    """The variables of some hosts, which have some networks in common."""
    drivers = enumerate(draw(st.lists(st.sampled_from(FLEET_DRIVERS), max_size=3)))
    shared = {f"shared-{at}": {**(draw(networks(20 + at, driver, None, "fleet")) or {}), "driver": driver} for at, driver in drivers}
    hosts = draw(st.lists(st.sampled_from(["node1", "node2", "rack/3"]), unique=True))
    return {host: draw(variables(shared=shared, at=at)) for at, host in enumerate(hosts)}


@st.composite
def sandbox(draw: st.DrawFn, known: dict[str, Any], others: dict[str, Any], index: int, at: int) -> dict[str, Any]:
    """One sandbox; its number gives it ports and addresses that no other has. known: the networks. others: the sandboxes before it."""
    mode = draw(st.sampled_from(["networks", "networks", "networks", "attached", "none", "host", "container"]))
    alone = _plain(known)
    if mode == "host" and alone and draw(st.booleans()):
        return {"networks": [draw(st.sampled_from(alone))]}
    joinable = [name for name, one in others.items() if not {"container", "pid", "netns"} & one.keys()]
    if mode == "host" or (mode == "container" and not joinable):
        return {"network_mode": "host"}
    if mode == "container":
        return {"network_mode": f"container:{draw(st.sampled_from(joinable))}"}
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
    if mode == "attached":
        found = dict([draw(st.sampled_from([("container", f"c.{index}"), ("pid", 1000 + index), ("netns", f"/proc/{index}/ns/net")]))])
        if draw(st.booleans()):
            found["missing"] = draw(st.sampled_from(["fail", "ignore"]))
    # The whole parent of a network in mode passthru is for one sandbox.
    open_to = [name for name in sorted(known) if name not in alone and (index == 0 or _mode(known[name]) != "passthru")]
    joined = draw(st.lists(st.sampled_from(open_to), unique=True)) if open_to else []
    found["networks"] = {name: draw(endpoint(known[name], index, at, place)) for place, name in enumerate(joined)}
    if _publishes([known[name] for name in joined]):
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


def _driver(network: dict[str, Any]) -> str:
    return str(network.get("driver", "bridge"))


def _plain(known: dict[str, Any]) -> list[str]:
    """The networks of drivers host and none, on which a sandbox is alone."""
    return [name for name, one in known.items() if _driver(one) in ("host", "none")]


def _mode(network: dict[str, Any]) -> Any:
    return network.get("mode", network.get("driver_opts", {}).get(f"{_driver(network)}_mode"))


def _publishes(joined: list[dict[str, Any]]) -> bool:
    """Whether a sandbox on these networks can publish ports: one of them leads out by the host in IPv4, and none by a wire."""
    if any(_driver(one) in ON_PARENT and not one.get("internal") for one in joined):
        return False
    open_ones = [one for one in joined if not one.get("internal") and (_driver(one) == "overlay" or one.get("enable_ipv4", True))]
    return bool(open_ones)


@st.composite
def endpoint(draw: st.DrawFn, network: dict[str, Any], index: int, at: int, place: int) -> dict[str, Any] | None:
    """One endpoint, the sandbox's ``place``-th; a declared address needs a declared subnet."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "aliases": st.lists(NAMES, max_size=3),
        "interface_name": st.just(f"eth{2 * place}"),
        "gw_priority": st.integers(-5, 5),
    }
    if _driver(network) != "ipvlan" and _mode(network) != "passthru":
        optional["mac_address"] = st.just(f"06:00:00:00:{at:02X}:{index:02X}")
    for entry in network.get("ipam", {}).get("config", []):
        family = 6 if ":" in entry["subnet"] else 4
        start = entry["subnet"].rpartition("/")[0].rstrip("0") if family == 4 else entry["subnet"].rpartition("/")[0]
        optional[f"ipv{family}_address"] = st.just(f"{start}{100 + 10 * at + index}")
    if draw(st.integers(0, 3)) == 0:
        return None
    found: dict[str, Any] = draw(st.fixed_dictionaries({}, optional=optional))
    return found | draw(of_an_endpoint(place, network)) if draw(st.booleans()) else found
