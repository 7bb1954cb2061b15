# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random pictures of links that stand upon others, in any namespace, with what stands on them; few names, so that two pictures have much in common."""

from __future__ import annotations

from ansible_collections.mooring.cnm.plugins.module_utils.state.entry import ALL_MACS, BRIDGE_FDB, FDB, NEIGHBOURS, Entries
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Address, HostState, Link, Namespace, Object, Route, desired_state
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import Tag
from hypothesis import strategies as st

SPACES = ("", "a", "web")
OPTIONS: dict[str, list[tuple[tuple[str, str | int | bool], ...]]] = {
    "dummy": [()],
    "bridge": [(), (("priority", 4096), ("stp", True)), (("stp", False),)],
    "vlan": [(("id", 40),), (("id", 41),)],
    "macvlan": [(("mode", "bridge"),), (("mode", "vepa"),), (("mode", "passthru"),)],
    "ipvlan": [(("flag", "private"), ("mode", "l2")), (("mode", "l3"),)],
    "vxlan": [(("id", 300), ("learning", False)), (("id", 300), ("learning", True), ("ttl", 3)), (("id", 301),)],
}
MACS = ("02:42:0a:00:00:07", "02:42:0a:00:00:08")
_KINDS = st.sampled_from([(one, another) for one in ("dummy", "bridge") for another in ("vlan", "macvlan", "ipvlan", "vxlan")])


@st.composite
def stacks(draw: st.DrawFn) -> HostState:
    """A lower link, up to two generations of links that rest on it, and addresses, routes and entries on all."""
    objects: list[Object] = [Namespace(name, tag=f"cnm:default::{name}:sandbox") for name in draw(st.sampled_from([("a", "web"), ("web",), ("a",), ()]))]
    spaces = ["", *(one.name for one in objects if isinstance(one, Namespace))]
    links: list[Link] = []
    for name, kinds in (("low0", ("dummy", "bridge")), ("mid0", draw(_KINDS)[1:]), ("mid1", draw(_KINDS)[1:]), ("top0", ("macvlan", "vlan"))):
        kind, netns = draw(st.sampled_from(kinds)), draw(st.sampled_from(spaces))
        below = [one for one in links if one.name[:3] != name[:3]]
        if name != "low0" and not below:
            break
        under = draw(st.sampled_from(below)) if below else None
        links.append(
            Link(
                netns,
                name,
                kind,
                tag=str(Tag("default", name, "", "endpoint")),
                mtu=draw(st.sampled_from([None, 1400])),
                parent=(under.netns, under.name) if under is not None else None,
                options=draw(st.sampled_from(OPTIONS[kind])),
                up=True,
            )
        )
    if len(spaces) > 1:
        here, there = (draw(st.sampled_from(spaces)), "end0"), (spaces[-1], draw(st.sampled_from(["end1", "mid0"])))
        pair = [(here, there), (there, here)] if there not in [(link.netns, link.name) for link in links] else []
        links += [Link(*one, "veth", tag=f"cnm:default:{one[1]}::endpoint", peer=other, up=True) for one, other in pair]
    for link in links:
        objects.extend(draw(st.sampled_from(_on(link))))
    return desired_state([*objects, *links])


def _on(link: Link) -> list[tuple[Object, ...]]:
    """A few choices of what stands on a link."""
    at = (link.netns, link.name)
    addresses = (Address(*at, "10.0.0.2/24"), Address(*at, "fd00::2/64"))
    routes = (
        Route(link.netns, "default", "10.0.0.1", link.name, metric=7),
        Route(link.netns, "::/0", "fd00::1", link.name),
        Route(link.netns, "192.0.2.0/24", None, link.name, table=100),
    )
    entries, fewer = (Entries(*at, FDB, frozenset(zip(macs, ("192.0.2.1", "192.0.2.2", "192.0.2.1"), strict=False))) for macs in ((ALL_MACS, *MACS), MACS))
    bridged = Entries(*at, BRIDGE_FDB, frozenset({(MACS[0], "")}))
    neighbours = Entries(*at, NEIGHBOURS, frozenset(zip(("10.0.0.7", "fd00::7"), MACS, strict=True)))
    moved = Entries(*at, NEIGHBOURS, frozenset({("10.0.0.7", MACS[1])}))
    return [(), addresses, (*addresses, *routes), (*addresses[:1], routes[2], entries, bridged), (fewer, neighbours), (moved,)]
