# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declaration that can be carried out as it is: with all that a ledger would give, and without a problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .checks import check_declaration, check_resolved
from .declaration import Declaration
from .docker_network import with_docker_gateway
from .peers import parse_topology
from .problem import Problem
from .subnet import with_gateways


def complete_topology(options: Mapping[str, Any]) -> tuple[Declaration, list[Problem]]:
    """The declaration in the options of module topology, checked, where no ledger gives what is left open. It is to be carried out only without problems.

    Each stage of the checks needs the one before, so the problems are those of the first stage that finds any.
    """
    declaration, problems = parse_topology(options)
    declaration = replace(declaration, networks={name: with_docker_gateway(with_gateways(network)) for name, network in declaration.networks.items()})
    return declaration, problems or check_declaration(declaration) or check_resolved(declaration)
