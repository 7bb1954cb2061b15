# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random tuning of networks and endpoints, as it is written in the variables."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_RATES = st.sampled_from(
    [
        {"ingress_rate": "10mbit"},
        {"egress_rate": 1_000_000, "egress_burst": "1mbit"},
        {"ingress_rate": "1gbit", "ingress_burst": "8mbit", "egress_rate": "8kbit"},
    ]
)
_SETTINGS = st.sampled_from([{"net.ipv4.conf.IFNAME.log_martians": 1}, ["net.ipv4.neigh.IFNAME.gc_stale_time=9", "net.ipv4.conf.IFNAME.rp_filter=2"]])
_LISTED = {"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.tag=7, net.ipv6.conf.IFNAME.accept_ra=0"}


@st.composite
def of_a_network(draw: st.DrawFn, index: int, network: dict[str, Any]) -> dict[str, Any]:
    """What holds for every endpoint in the network of this number."""
    found: dict[str, Any] = draw(st.fixed_dictionaries({}, optional=_common(network, f"198.53.{index}", f"fd53:{index}")))
    return found


@st.composite
def of_an_endpoint(draw: st.DrawFn, place: int, network: dict[str, Any]) -> dict[str, Any]:
    """What holds for a sandbox's ``place``-th endpoint."""
    optional = _common(network, f"198.51.{place}", f"fd51:{place}")
    optional["driver_opts"] = st.just(_LISTED)
    given = network.get("mtu", network.get("driver_opts", {}).get("com.docker.network.driver.mtu", "auto"))
    if given == "auto" or int(given) >= 1280:
        optional["mtu"] = st.just(1280)
    found: dict[str, Any] = draw(st.fixed_dictionaries({}, optional=optional))
    return found


def _common(network: dict[str, Any], elsewhere: str, elsewhere6: str) -> dict[str, st.SearchStrategy[Any]]:
    routes = [[]]
    if network.get("enable_ipv4", True):
        routes.append([{"destination": f"{elsewhere}.0/24", "metric": 5}, {"destination": f"{elsewhere}.128/25", "type": "unreachable"}])
    if network.get("enable_ipv6"):
        routes.append([{"destination": f"{elsewhere6}::/64", "table": 1000}, {"destination": f"{elsewhere6}:1::/64", "type": "blackhole", "metric": 1}])
    mode = network.get("mode", network.get("driver_opts", {}).get("ipvlan_mode"))
    rates = st.just({"egress_rate": "1gbit"}) if mode == "l3s" else _RATES
    return {"bandwidth": rates, "promisc": st.booleans(), "txqlen": st.integers(0, 5000), "sysctls": _SETTINGS, "routes": st.sampled_from(routes)}
