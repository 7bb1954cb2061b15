# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several variables become one dictionary."""

from __future__ import annotations

from ansible_collections.mooring.cnm.plugins.module_utils.model.merge import Merged, merge_variables, relocate
from ansible_collections.mooring.cnm.plugins.module_utils.model.problem import Problem


def test_variables_are_merged() -> None:
    merged, problems = merge_variables({"cnm_networks__b": {"c": 3}, "cnm_networks": {"a": 1}, "cnm_networks__a": {"b": None}, "cnm_networks__empty": None})
    assert problems == []
    assert merged == Merged({"a": 1, "b": None, "c": 3}, {"a": "cnm_networks", "b": "cnm_networks__a", "c": "cnm_networks__b"})


def test_one_key_with_equal_contents() -> None:
    assert merge_variables({"v": {"a": {"x": [1]}}, "v__team": {"a": {"x": [1]}}})[1] == []


def test_one_key_with_two_contents() -> None:
    _merged, problems = merge_variables({"v__team": {"a": {"x": 2}}, "v": {"a": {"x": 1}}}, "node1")
    assert problems == [Problem("node1", "v__team.a", "{'x': 2}", "v declares 'a' too, with other contents: keep one of the two")]


def test_a_value_that_contains_itself() -> None:
    one: list[object] = []
    other: list[object] = []
    one.append(one)
    other.append(other)
    _merged, problems = merge_variables({"v": {"a": one}, "v__b": {"a": other}})
    assert len(problems) == 1


def test_what_is_no_dictionary() -> None:
    _merged, problems = merge_variables({"v": ["a"], "v__b": {"a": 1, 2: 3}})
    assert [(one.path, one.message) for one in problems] == [
        ("v", "a dictionary is expected"),
        ("v__b.2", "a key must be text: put it in quotes"),
    ]


def test_a_problem_is_told_where_its_value_stands() -> None:
    sources = {"a": "v__one", "a.b": "v__two"}
    paths = {"v.a.mtu": "v__one.a.mtu", "v.a.b.mtu": "v__two.a.b.mtu", "v.c.mtu": "v.c.mtu", "v": "v", "w.a.mtu": "w.a.mtu", "v.a": "v__one.a"}
    assert {path: relocate(Problem("", path, "", ""), "v", sources).path for path in paths} == paths
