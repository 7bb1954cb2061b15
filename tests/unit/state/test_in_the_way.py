# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that share a parent hand a MAC or an address on, one after the other; only those that exchange theirs are made anew."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Address, HostState, Link, Namespace, Object, desired_state
from ansible_collections.mooring.cnm.plugins.module_utils.state.op import Op
from ansible_collections.mooring.cnm.plugins.module_utils.state.plan import plan


def picture(kind: str, **numbers: int) -> HostState:
    """A sandbox for each name, with a link of this kind upon one card, and an address and MAC by its number."""
    objects: list[Object] = []
    for name, number in numbers.items():
        netns = "" if name == "host" else name
        mac = f"02:42:c0:00:02:{number:02x}" if kind == "macvlan" else None
        link = Link(netns, f"eth{name}", kind, tag=f"cnm:default:lan:{name}:endpoint", mac=mac, parent=("", "card"), up=True)
        objects += [*([Namespace(netns, f"cnm:default::{name}:sandbox")] if netns else []), link, Address(netns, link.name, f"192.0.2.{number}/24")]
    return desired_state(objects)


def made_anew(ops: tuple[Op, ...]) -> set[str]:
    return {one.subject.key[2] for one in ops if one.action == "remove" and isinstance(one.subject, Link)}


def turns(ops: tuple[Op, ...]) -> list[str]:
    """The sandboxes in the order in which something is done in them."""
    inside = [op.subject.netns for op in ops if isinstance(op.subject, (Address, Link)) and op.action != "create" or isinstance(op.subject, Address)]
    return list(dict.fromkeys(filter(None, inside)))


@pytest.mark.parametrize("kind", ["ipvlan", "macvlan"])
def test_who_gives_comes_before_who_takes(kind: str) -> None:
    ops = plan(picture(kind, a=1, b=2, c=3), picture(kind, a=2, b=3, c=4)).ops
    assert (made_anew(ops), turns(ops)) == (set(), ["c", "b", "a"])


@pytest.mark.parametrize("kind", ["ipvlan", "macvlan"])
def test_one_that_comes_waits_too(kind: str) -> None:
    ops = plan(picture(kind, b=2), picture(kind, a=2, b=3)).ops
    assert (made_anew(ops), turns(ops)) == (set(), ["b", "a"])


@pytest.mark.parametrize("kind", ["ipvlan", "macvlan"])
def test_two_that_exchange_are_made_anew_and_a_third_is_not(kind: str) -> None:
    ops = plan(picture(kind, a=1, b=2, c=3), picture(kind, a=2, b=1, c=4)).ops
    assert made_anew(ops) == {"etha", "ethb"}


def test_what_comes_up_on_the_host_at_once_waits_for_nobody() -> None:
    assert made_anew(plan(picture("macvlan", a=1), picture("macvlan", a=2, host=1)).ops) == {"etha"}
    assert made_anew(plan(picture("macvlan", host=1), picture("macvlan", a=1, host=2)).ops) == set()


@pytest.mark.parametrize(("was", "now"), [("macvlan", "ipvlan"), ("ipvlan", "macvlan")])
def test_another_kind_has_the_card_for_itself(was: str, now: str) -> None:
    assert made_anew(plan(picture(was, a=1, b=2), picture(now, c=3)).ops) == {"etha", "ethb"}
