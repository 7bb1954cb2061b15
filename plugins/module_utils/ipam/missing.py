# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done about a subnet or an address that is neither declared nor in the ledger."""

from __future__ import annotations

from enum import Enum

NOT_IN_LEDGER = "the ledger has not given it {what} yet, and this run gives nothing new: run the playbook site"


class Missing(Enum):
    """GIVEN: the first free one. REFUSED: it is a problem, since nothing new may be given. LEFT: stays open, since the host did not report."""

    GIVEN = "given"
    REFUSED = "refused"
    LEFT = "left"
