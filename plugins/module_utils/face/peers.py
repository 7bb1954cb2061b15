# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vxlan_peers: the entries of a vxlan that stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..state.entry import ALL_MACS, FDB, NEIGHBOURS, Entries, Pair, leads_to_many
from ..state.objects import HostState, Link, desired_state
from .run import run_told
from .told import Params, Told, address_in, check_name, mac_in, place_of

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Lists = dict[str, frozenset[Pair]]
TABLES = {FDB: ("flood", "macs"), NEIGHBOURS: ("neighbours",)}


def run_peers(module: AnsibleModule) -> None:
    """The whole run."""
    params = module.params
    told, lists = told_peers(params)
    run_told(module, "vxlan_peers", told, lambda stands: wished(told, lists, params["exclusive"], stands), lambda state: shown_peers(told, state))


def told_peers(params: Params) -> tuple[Told, Lists]:
    """What the parameters say, and the entries in each list that was given."""
    told = Told("vxlan", params["state"] == "present")
    check_name(told, "name", params["name"])
    told.ground.append(Link(*place_of(params), "vxlan"))
    lists = {}
    for option in ("flood", "macs", "neighbours"):
        if params[option] is not None:
            lists[option] = _read(told, option, params[option])
    return told, lists


def _read(told: Told, option: str, given: list[Any]) -> frozenset[Pair]:
    pairs: dict[Pair | str, Pair] = {}
    for number, one in enumerate(given):
        path = f"{option}[{number}]"
        if option == "flood":
            pair = (ALL_MACS, address_in(told, path, one))
        elif option == "macs":
            pair = (mac_in(told, f"{path}.mac_address", one["mac_address"]), address_in(told, f"{path}.vtep", one["vtep"]))
        else:
            pair = (address_in(told, f"{path}.address", one["address"]), mac_in(told, f"{path}.mac_address", one["mac_address"]))
        if pairs.setdefault(_place(pair), pair) is not pair:
            told.wrong(path, " ".join(pair), "this is listed twice")
    return frozenset(pairs.values())


def wished(told: Told, lists: Mapping[str, frozenset[Pair]], exclusive: bool, stands: HostState) -> HostState:
    """The tables with what is told of them: all of a list, or what is in it beside the rest."""
    tables = []
    for table, names in TABLES.items():
        now = Entries(told.ground[0].netns, told.ground[0].name, table, frozenset())
        found = stands.objects.get(now.key)
        given = {name: lists[name] for name in names if name in lists}
        listed: frozenset[Pair] = frozenset().union(*given.values())
        places = {_place(pair) for pair in listed}
        held = found.pairs if isinstance(found, Entries) else frozenset()
        if told.present and exclusive:
            left = {pair for pair in held if _list_of(table, pair) not in given}
        else:
            left = {pair for pair in held if _place(pair) not in places}
        tables.append(replace(now, pairs=frozenset(left | listed if told.present else left)))
    return desired_state(one for one in tables if one.pairs)


def _place(pair: Pair) -> Pair | str:
    """What only one entry can have: one MAC, one address leads to one place."""
    return pair if leads_to_many(pair[0]) else pair[0]


def _list_of(table: str, pair: Pair) -> str:
    return "neighbours" if table == NEIGHBOURS else "flood" if pair[0] == ALL_MACS else "macs"


def shown_peers(told: Told, state: HostState) -> dict[str, Any]:
    """The entries of the module's vxlan as its options."""
    at = (told.ground[0].netns, told.ground[0].name)
    if not told.present and told.ground[0].key not in state.objects:
        return {"name": at[1], "netns": at[0], "state": "absent"}
    tables = {one.table: sorted(one.pairs) for one in state.objects.values() if isinstance(one, Entries) and (one.netns, one.link) == at}
    return {
        "name": at[1],
        "netns": at[0],
        "flood": [vtep for mac, vtep in tables.get(FDB, ()) if mac == ALL_MACS],
        "macs": [{"mac_address": mac, "vtep": vtep} for mac, vtep in tables.get(FDB, ()) if mac != ALL_MACS],
        "neighbours": [{"address": address, "mac_address": mac} for address, mac in tables.get(NEIGHBOURS, ())],
    }
