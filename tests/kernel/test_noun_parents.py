# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel modules on links that rest on one in another namespace."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump


@pytest.fixture
def tasks(host, capsys: pytest.CaptureFixture[str]) -> Tasks:
    return Tasks(host, capsys)


@pytest.mark.parametrize(("own", "parents"), [("a", "b"), ("b", "a"), ("", "b")])
def test_a_link_rests_on_one_in_any_other_namespace(tasks: Tasks, own: str, parents: str) -> None:
    empty = dump(tasks.host)
    for name in filter(None, (own, parents)):
        tasks.done("netns", name=name)
    tasks.done("veth", name="port0", peer={"name": "eth0", "netns": parents})
    where = {"netns": own} if own else {}
    for kind, options in (("macvlan", {"name": "m0", "parent": "eth0", "mode": "bridge"}), ("vxlan", {"name": "vx0", "id": 7, "port": 4789})):
        link = {**where, "parent_netns": parents, **options}
        assert tasks.done(kind, **link)[0].startswith(f"create {kind} ")
        assert tasks.done(kind, **link) == []
        assert tasks.done(kind, **link, mtu=1400) != [] and tasks.done(kind, **link, mtu=1400) == []
        assert tasks.done(kind, name=link["name"], **where, state="absent") != []
    for name in filter(None, (own, parents)):
        tasks.done("netns", name=name, state="absent")
    check_same(empty, lambda: dump(tasks.host))
