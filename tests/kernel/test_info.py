# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that only look: namespaces and links, whoever made them."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.mooring.cnm.plugins.modules import topology_info
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks
from ansible_collections.mooring.cnm.tests.kernel.topologies import FRONT, declare, endpoint, sandbox
from ansible_collections.mooring.cnm.tests.kernel.topologies import run as converge


def test_info_shows_what_is_there_whoever_made_it(host, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = Tasks(host, capsys)
    converge(declare(FRONT, sandbox("db", endpoint("front", "172.20.0.3"))))
    tasks.done("netns", name="web")
    tasks.done("bridge", name="lone0", netns="web", addresses=["192.0.2.1/24"], routes=[{"destination": "default", "gateway": "192.0.2.2"}])
    spaces = tasks.once("netns_info")["namespaces"]
    assert [(one["name"], one["links"], one["sandbox"]) for one in spaces] == [("db", ["eth0", "lo"], "db"), ("web", ["lo", "lone0"], "")]
    links = {one["name"]: one for one in tasks.once("link_info", netns="web")["links"]}
    assert (links["lone0"]["kind"], links["lone0"]["addresses"]) == ("bridge", ["192.0.2.1/24"])
    assert links["lone0"]["routes"] == [{"destination": "default", "gateway": "192.0.2.2"}]
    (end,) = tasks.once("link_info", netns="db", names=["eth0"])["links"]
    assert (end["network"], end["sandbox"], end["addresses"], end["peer"]["netns"]) == ("front", "db", ["172.20.0.3/24"], "")
    assert "172.20.0.1/24" in [address for one in tasks.once("link_info")["links"] for address in one["addresses"]]
    assert "Could not enter namespace nowhere" in tasks.once("link_info", netns="nowhere")["msg"]


def test_who_is_not_root_is_told_so(host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel shows which tables iptables has to root alone."""

    def read_sight() -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/proc/thread-self/net/ip_tables_names")

    monkeypatch.setattr(topology_info, "read_sight", read_sight)
    result = Tasks(host, capsys).once("topology_info", gather=["reserved"])
    assert result["msg"] == "The host could not be read: not permitted; root with CAP_NET_ADMIN and CAP_SYS_ADMIN is needed (EACCES)."
