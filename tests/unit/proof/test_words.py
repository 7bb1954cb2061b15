# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a task of the module probe may say what it expects."""

from __future__ import annotations

from ansible_collections.mooring.cnm.plugins.action.probe import in_words


def test_expect_may_be_as_reached_is_in_a_result() -> None:
    given = {"probes": [{"from": "a", "expect": True}, {"from": "a", "expect": False}, {"from": "a", "expect": "blocked"}, {"from": "a"}], "run": "x"}
    assert [one.get("expect") for one in in_words(given)["probes"]] == ["reached", "blocked", "blocked", None]
    assert in_words(given)["run"] == "x" and given["probes"][0]["expect"] is True
    assert in_words({"collect": True}) == {"collect": True}
