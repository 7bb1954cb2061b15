# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the raw variables of one host to its Declaration and every problem in them."""

from __future__ import annotations

from typing import Any, Callable

from .declaration import Declaration
from .keys import read_items
from .names import read_name, read_sandbox_name
from .network import read_network
from .problem import Problem
from .report import Report, Unreadable, shown
from .sandbox import read_sandbox
from .way_out import with_way_out


def parse_declaration(networks: object, sandboxes: object, host: str = "") -> tuple[Declaration, list[Problem]]:
    """What ``cnm_networks`` and ``cnm_sandboxes`` (merged) declare for a host, and all that is wrong with it.

    Any value is accepted and none raises. What cannot be read is left out, so the Declaration is usable for further checks
    (which sandboxes are on which networks) even where there are problems; it is to be carried out only where there are none.
    """
    report = Report(host)
    declaration = Declaration(read_named(report, "cnm_networks", networks, read_name, read_network))

    def read_one(report: Report, path: str, name: str, raw: object) -> object:
        return read_sandbox(report, path, name, raw, declaration)

    declaration = Declaration(declaration.networks, read_named(report, "cnm_sandboxes", sandboxes, read_sandbox_name, read_one))
    return with_way_out(declaration), report.problems


def read_named(
    report: Report, path: str, raw: object, read_key: Callable[[object], str], read_one: Callable[[Report, str, str, object], Any]
) -> dict[str, Any]:
    """The things of a dictionary by name, sorted; those with an impossible name are reported and left out."""
    found = {}
    for name, value in read_items(report, path, raw):
        try:
            found[name] = read_one(report, f"{path}.{read_key(name)}", name, value)
        except Unreadable as error:
            report.add(f"{path}.{shown(name)}", name, str(error))
    return {name: found[name] for name in sorted(found)}
