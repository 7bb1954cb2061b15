# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names may be given."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.names import read_host_name, read_interface_name, read_name, read_sandbox_name
from ansible_collections.mooring.cnm.plugins.module_utils.model.report import Unreadable


@pytest.mark.parametrize("name", ["a", "0", "web", "Web-1.front_end", "x" * 63])
def test_names(name: str) -> None:
    assert read_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", ".a", "_a", "..", "a b", "a/b", "a:b", "a\n", "ä", "x" * 64, "\ud800", None, 1, True, ["a"]])
def test_no_names(name: object) -> None:
    with pytest.raises(Unreadable, match="letter or digit"):
        read_name(name)


def test_the_host_is_no_sandbox() -> None:
    assert read_name("host") == "host"
    with pytest.raises(Unreadable, match="the host itself"):
        read_sandbox_name("host")


def test_host_names_are_longer() -> None:
    assert read_host_name("x" * 253) == "x" * 253
    with pytest.raises(Unreadable, match="253"):
        read_host_name("x" * 254)


@pytest.mark.parametrize("name", ["eth0", "a", "x" * 15, "eth1.40", "_x", "lo0", "br-1"])
def test_interface_names(name: str) -> None:
    assert read_interface_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "lo", "all", "default", "x" * 16, "a/b", "a b", "a\t", "a:1", "eth%d", "br+", "!lo", "-a", 0, None])
def test_no_interface_names(name: object) -> None:
    with pytest.raises(Unreadable):
        read_interface_name(name)
