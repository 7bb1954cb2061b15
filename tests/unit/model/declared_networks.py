# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random networks as they are written in the variables, of every driver. The number of a network gives it subnets, names and parents that no other has."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from .declared_tuning import of_a_network

FLEET_DRIVERS = ("macvlan", "ipvlan", "overlay")
ON_PARENT = ("macvlan", "ipvlan")
DRIVERS = ("bridge", "bridge", "bridge", *FLEET_DRIVERS, "host", "none")
# A parent that several macvlan networks share, and one that several of ipvlan share.
SHARED = {"macvlan": "eth100", "ipvlan": "eth101.7"}
_BOTH = {"enable_ipv4": st.booleans(), "enable_ipv6": st.booleans(), "internal": st.booleans()}
_BRIDGE: dict[str, st.SearchStrategy[Any]] = {
    "icc": st.booleans(),
    "masquerade": st.booleans(),
    "host_binding_ipv4": st.sampled_from(["127.0.0.1", "192.0.2.7", "0.0.0.0"]),
    "container_iface_prefix": st.sampled_from(["lan", "eth"]),
    "inhibit_ipv4": st.booleans(),
    "gateway_mode": st.sampled_from(["nat", "nat-unprotected", "routed", "isolated"]),
    "gateway_mode_ipv6": st.sampled_from(["nat", "nat-unprotected", "routed", "isolated"]),
    "host_ipv4": st.just("192.0.2.9"),
    "trusted_host_interfaces": st.sampled_from([["wg0"], "wg0:eth9", []]),
}


@st.composite
def networks(draw: st.DrawFn, index: int, driver: str, subnets: bool | None, scope: str | None = None) -> dict[str, Any] | None:
    """The network of this number. subnets: whether it declares them, or None where that is drawn too. scope: that of a macvlan or ipvlan."""
    if driver in ("host", "none"):
        return {"driver": driver}
    own = _BRIDGE | {"bridge_name": st.just(f"br{index}")} if driver == "bridge" else _OPTIONS[driver]
    found: dict[str, Any] = draw(st.fixed_dictionaries({}, optional={**_BOTH, **own, "mtu": st.just("auto") | st.integers(68, 65535)}))
    if not found.get("enable_ipv6"):
        found.pop("enable_ipv4", None)
    elif isinstance(found.get("mtu"), int):
        found["mtu"] = max(found["mtu"], 1280)
    for key in ("gateway_mode", "gateway_mode_ipv6"):
        if found.get(key) == "isolated":
            found["internal"] = True
    if driver != "bridge" or draw(st.booleans()):
        found["driver"] = driver
    if driver in ON_PARENT:
        _rest(draw, found, index, driver)
        if scope is not None or draw(st.booleans()):
            found["scope"] = scope or draw(st.sampled_from(["host", "fleet"]))
    if subnets or (subnets is None and draw(st.booleans())):
        number = 1 if driver == "bridge" else draw(st.sampled_from([1, 1, 2]))
        enabled = [family for family in (4, 6) if found.get(f"enable_ipv{family}", family == 4)]
        found["ipam"] = {"config": [draw(subnet(index + 50 * nth, family)) for family in enabled for nth in range(number)]}
        if driver == "overlay" and draw(st.booleans()):
            found["vni"] = [300 + index, 400 + index][:number]
    if draw(st.booleans()):
        found.update(draw(of_a_network(index, found)))
    if draw(st.booleans()):
        _let_docker_know(found, driver)
    if driver != "overlay" and draw(st.booleans()):
        _in_docker_words(found, driver)
    return found


def _let_docker_know(found: dict[str, Any], driver: str) -> None:
    """Where it can: one subnet of each family, and a bridge that is all Docker's to use, or an overlay on which each host has a gateway of its own."""
    entries = found.get("ipam", {}).get("config", [])
    modes = [found.get("gateway_mode"), found.get("gateway_mode_ipv6") if found.get("enable_ipv6") else None]
    kept = driver == "bridge" and (found.get("inhibit_ipv4") or "isolated" in modes)
    if driver in ON_PARENT or kept or len({":" in one["subnet"] for one in entries}) < len(entries) or not found.get("enable_ipv4", True):
        return
    found["docker_network"] = True
    for entry in entries if driver == "overlay" else ():
        entry.pop("gateway", None)


def _rest(draw: st.DrawFn, found: dict[str, Any], index: int, driver: str) -> None:
    """What a network rests on, alone or with others, and the host's own address in it."""
    parent = draw(st.sampled_from(["own", "own", "vlan", "shared", None]))
    if parent == "shared" and driver == "ipvlan":
        found.pop("mode", None)  # it is one for all that share a parent
        found.pop("flag", None)
    elif parent == "shared" and found.get("mode") == "passthru":
        parent = "own"
    if parent is not None:
        found["parent"] = {"own": f"eth{index}", "vlan": f"eth{index}.{40 + index}", "shared": SHARED[driver]}[parent]
    if found.get("mode") in ("private", "passthru") or found.get("flag") == "private":
        found.pop("host_shim", None)


_OPTIONS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "macvlan": {"mode": st.sampled_from(["bridge", "private", "vepa", "passthru"]), "host_shim": st.booleans()},
    "ipvlan": {"mode": st.sampled_from(["l2", "l3", "l3s"]), "flag": st.sampled_from(["bridge", "private", "vepa"]), "host_shim": st.booleans()},
    "overlay": {"broadcast": st.booleans(), "attachable": st.booleans(), "encrypted": st.just(False)},
}
_DOCKERS = {
    "bridge": {"mtu": "com.docker.network.driver.mtu", "icc": "com.docker.network.bridge.enable_icc", "bridge_name": "com.docker.network.bridge.name"},
    "macvlan": {"mode": "macvlan_mode", "parent": "parent"},
    "ipvlan": {"mode": "ipvlan_mode", "flag": "ipvlan_flag", "parent": "parent"},
}


def _in_docker_words(found: dict[str, Any], driver: str) -> None:
    """Some of it under driver_opts, where Docker has all of it as text."""
    words = _DOCKERS[driver]
    given = {words[key]: str(found.pop(key)).lower() if key == "icc" else str(found.pop(key)) for key in words if key in found and found[key] != "auto"}
    if given:
        found["driver_opts"] = given


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
