# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules for the kernel's nouns that no topology sets, each as the kernel shows it and with another value.

Those that this machine's kernel may not have are tried in tests/uml/test_modules.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks


class Case(NamedTuple):
    """A link named x0 of a module: an option with what ip says then, and with another value what is done and what ip says then."""

    module: str
    always: dict[str, Any]
    first: dict[str, Any]
    shown: str
    second: dict[str, Any]
    ops: list[str]
    shown_then: str
    master: str = "br0 type bridge"


VXLAN = {"id": 7, "port": 4789, "parent": "up0", "parent_netns": "a"}
ON_CARD = {"parent": "up0", "parent_netns": "a"}
ANEW = ["remove vxlan x0 in a", "create vxlan x0 in a", "change vxlan x0 in a: up from no to yes"]
CASES = {
    flag: Case(
        *("bridge", {}, {"ports": [{"name": "up0", flag: False}]}, f" {flag} off "),
        *({"ports": [{"name": "up0", flag: True}]}, [f"change interface up0 in a: {flag} from no to yes"], f" {flag} on "),
    )
    for flag in ("mcast_flood", "bcast_flood")
} | {
    "group": Case(
        *("vxlan", VXLAN, {"group": "239.1.1.1"}, " group 239.1.1.1 dev up0 "),
        *({"group": "198.18.9.7"}, ["change vxlan x0 in a: group from 239.1.1.1 to 198.18.9.7"], " remote 198.18.9.7 dev up0 "),
    ),
    "l2miss": Case("vxlan", VXLAN, {"l2miss": True}, " l2miss ", {"l2miss": False}, ANEW, " vxlan id 7 dev up0 "),
    "l3miss": Case("vxlan", VXLAN, {"l3miss": True}, " l3miss ", {"l3miss": False}, ANEW, " vxlan id 7 dev up0 "),
    "udp_csum": Case("vxlan", VXLAN, {"udp_csum": False}, " noudpcsum ", {"udp_csum": True}, ANEW, " udpcsum "),
    "master": Case("macvlan", ON_CARD, {"master": "br0"}, " master br0 ", {"master": ""}, ["change macvlan x0 in a: master from br0 to none"], " macvlan "),
}


@pytest.mark.parametrize("option", CASES)
def test_an_option_is_set_shown_and_changed(host, capsys: pytest.CaptureFixture[str], option: str) -> None:
    check_option(Tasks(host, capsys), CASES[option])


def check_option(tasks: Tasks, case: Case) -> None:
    """It is set, shown and changed, in a namespace with a card and a master."""
    tasks.host.sh(f"ip netns add a && ip -n a link add {case.master} && ip -n a link add up0 up type veth peer name up1 && ip -n a link set up1 up")
    always = {"name": "x0", "netns": "a", **case.always}
    for options, ops, shown in ((case.first, [f"create {case.module} x0 in a"], case.shown), (case.second, case.ops, case.shown_then)):
        done = tasks.done(case.module, **always, **options)
        said = tasks.host.sh("ip -n a -d link show x0; bridge -n a -d link show")
        assert (done[: len(ops)], shown in said) == (ops, True), (done, said)
