# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sandboxes in the namespace of somebody else, as they are declared."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.resolve import interface_names

NETWORKS = {"front": {"ipam": {"config": [{"subnet": "172.20.0.0/24"}]}}, "back": {}, "outside": {"driver": "host"}}


def read(sandboxes: dict[str, object]) -> tuple[Declaration, dict[str, str]]:
    declaration, problems = parse_declaration(NETWORKS, sandboxes)
    found = problems or check_declaration(declaration)
    return declaration, {problem.path.removeprefix("cnm_sandboxes."): problem.message for problem in found}


@pytest.mark.parametrize(
    "raw",
    [
        {"container": "redis", "networks": ["front"]},
        {"container": "0f1e2d3c4b5a" * 5, "missing": "ignore", "networks": {"front": {"interface_name": "eth9"}}, "ports": ["8080:80"]},
        {"pid": 4711, "networks": ["back", "front"]},
        {"netns": "/proc/1234/ns/net", "dns": ["192.0.2.1"], "extra_hosts": {"a": "192.0.2.1"}},
        {"netns": "/run/netns/cni-12.a_b", "networks": ["front"]},
    ],
)
def test_what_is_declared_comes_back_from_its_options(raw: dict[str, object]) -> None:
    declaration, problems = read({"s": raw})
    assert problems == {}
    assert declaration.sandboxes["s"].mode == "attached"
    options = declaration_options(declaration)
    assert {key: options["sandboxes"]["s"].get(key) for key in ("container", "pid", "netns", "missing")} == {
        key: raw.get(key) for key in ("container", "pid", "netns", "missing")
    }
    assert parse_declaration(options["networks"], options["sandboxes"]) == (declaration, [])


def test_our_interfaces_leave_the_names_of_the_engine_alone() -> None:
    declaration, _problems = read({"s": {"pid": 1, "networks": ["front", "back"]}})
    assert interface_names(declaration.sandboxes["s"], declaration.networks) == {"back": "cnm0", "front": "cnm1"}


@pytest.mark.parametrize(
    ("sandboxes", "path", "words"),
    [
        ({"s": {"container": "a b"}}, "s.container", "the name or id of a container is expected"),
        ({"s": {"container": "../x"}}, "s.container", "the name or id"),
        ({"s": {"container": "-x"}}, "s.container", "the name or id"),
        ({"s": {"pid": 0}}, "s.pid", "a number from 1"),
        ({"s": {"netns": "run/netns/x"}}, "s.netns", "the path of a network namespace"),
        ({"s": {"netns": "/run/../etc"}}, "s.netns", "the path of a network namespace"),
        ({"s": {"netns": "/run/netns/a b"}}, "s.netns", "the path of a network namespace"),
        ({"s": {"netns": "/run/netns/x\n"}}, "s.netns", "the path of a network namespace"),
        ({"s": {"container": "a", "pid": 1}}, "s.pid", "'container' says already which namespace it is"),
        ({"s": {"container": "a", "network_mode": "none"}}, "s.network_mode", "'container' says already which namespace it is"),
        ({"s": {"missing": "ignore"}}, "s.missing", "only the namespace of somebody else can be missing"),
        ({"s": {"pid": 1, "missing": "skip"}}, "s.missing", "fail or ignore"),
        ({"s": {"pid": 1, "sysctls": {"net.core.somaxconn": 1}}}, "s.sysctls", "impossible"),
        ({"s": {"pid": 1, "networks": ["outside"]}}, "s.networks", "cannot be on a network of driver host"),
        ({"s": {"pid": 1, "networks": ["front"]}, "t": {"network_mode": "container:s"}}, "t.network_mode", "the namespace of s is somebody else's"),
    ],
)
def test_one_problem(sandboxes: dict[str, object], path: str, words: str) -> None:
    _declaration, problems = read(sandboxes)
    assert list(problems) == [path]
    assert words in problems[path]
