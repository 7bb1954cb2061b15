# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a declaration, in words for the person who must mend it."""

from __future__ import annotations

from dataclasses import dataclass

NO_ZONE = "an address without '%' is expected: the zone of a link means nothing here"


@dataclass(frozen=True, order=True)
class Problem:
    """One reason why a declaration cannot be carried out.

    host: inventory name of the host that it concerns; empty where the host itself says it, or all hosts.
    path: where the value stands, in the words of the variables (``cnm_sandboxes.web.ports[0]``).
    value: the value as it was given, as text.
    message: a sentence: what is wrong, and what would be right.
    """

    host: str
    path: str
    value: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """The problem as modules and actions return it."""
        return {"host": self.host, "path": self.path, "value": self.value, "message": self.message}
