# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declaration that can be carried out as it is: with all that a ledger would give, and without a problem."""

from __future__ import annotations

from .checks import check_declaration, check_resolved
from .declaration import Declaration
from .parse import parse_declaration
from .problem import Problem


def complete_declaration(networks: object, sandboxes: object) -> tuple[Declaration, list[Problem]]:
    """What the two dictionaries of one host declare, and all that is wrong with it; it is to be carried out only where that is nothing.

    Each stage of the checks needs the one before, so the problems are those of the first stage that finds any.
    """
    declaration, problems = parse_declaration(networks, sandboxes)
    return declaration, problems or check_declaration(declaration) or check_resolved(declaration)
