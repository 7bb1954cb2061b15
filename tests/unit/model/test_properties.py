# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every declaration."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.host_checks import check_against_host
from ansible_collections.mooring.cnm.plugins.module_utils.model.merge import merge_variables
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.problem import Problem
from ansible_collections.mooring.cnm.plugins.module_utils.model.resolve import WAY_OUT
from ansible_collections.mooring.cnm.tests.unit.model.declared import ANYTHING, UNHURRIED, variables
from hypothesis import given
from hypothesis import strategies as st


def readable(problems: list[Problem]) -> None:
    """Every problem can be shown to a person: in one line, in any encoding."""
    for problem in problems:
        for text in problem.as_dict().values():
            assert text.isprintable()
            assert len(text) < 1500
        assert problem.path
        assert problem.message


@UNHURRIED
@given(variables())
def test_a_good_declaration_has_no_problem(raw: tuple[dict[str, Any], dict[str, Any]]) -> None:
    declaration, problems = parse_declaration(*raw)
    assert problems == []
    assert check_declaration(declaration) == []
    assert set(declaration.networks) - {WAY_OUT} == set(raw[0])
    assert set(declaration.sandboxes) == set(raw[1])


@UNHURRIED
@given(variables())
def test_the_options_of_a_declaration_declare_it(raw: tuple[dict[str, Any], dict[str, Any]]) -> None:
    declaration, _problems = parse_declaration(*raw)
    options = json.loads(json.dumps(declaration_options(declaration)))
    again, problems = parse_declaration(options["networks"], options["sandboxes"])
    assert problems == []
    assert again == declaration
    assert declaration_options(again) == options
    assert list(options["networks"]) == sorted(options["networks"])


@UNHURRIED
@given(variables(), st.randoms())
def test_the_order_of_declaration_does_not_matter(raw: tuple[dict[str, Any], dict[str, Any]], random: Any) -> None:
    assert parse_declaration(*(shuffled(value, random) for value in raw)) == parse_declaration(*raw)


@UNHURRIED
@given(ANYTHING, ANYTHING, ANYTHING)
def test_nothing_that_is_declared_raises(networks: object, sandboxes: object, reserved: object) -> None:
    declaration, problems = parse_declaration(networks, sandboxes, "node1")
    readable(problems + check_declaration(declaration, "node1") + check_against_host(declaration, reserved, "node1"))
    assert (networks is None or isinstance(networks, dict)) or problems


@UNHURRIED
@given(st.dictionaries(st.sampled_from(["web", "db"]), ANYTHING), st.dictionaries(st.sampled_from(["web", "db"]), ANYTHING))
def test_nothing_inside_a_network_or_sandbox_raises(networks: object, sandboxes: object) -> None:
    declaration, problems = parse_declaration(networks, sandboxes)
    readable(problems + check_declaration(declaration))
    options = declaration_options(declaration)
    assert parse_declaration(options["networks"], options["sandboxes"]) == (declaration, [])


@UNHURRIED
@given(st.dictionaries(st.sampled_from(["cnm_networks", "cnm_networks__a", "cnm_networks__b"]), ANYTHING), st.randoms())
def test_merging_raises_nothing_and_knows_no_order(raw: dict[str, object], random: Any) -> None:
    merged, problems = merge_variables(raw)
    readable(problems)
    assert set(merged.values) == set(merged.sources)
    items = list(raw.items())
    random.shuffle(items)
    assert merge_variables(dict(items))[1] == problems


def shuffled(value: Any, random: Any) -> Any:
    """The value with all its dictionaries in another order."""
    if not isinstance(value, dict):
        return value
    items = [(key, shuffled(inner, random)) for key, inner in value.items()]
    random.shuffle(items)
    return dict(items)
