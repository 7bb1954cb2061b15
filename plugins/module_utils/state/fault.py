# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Something that could not be done, with all that a person needs to act."""

from __future__ import annotations


class Fault(Exception):
    """subject: what it was about. action: what was tried. cause: why it failed. remedy: what to do, where that is known."""

    def __init__(self, subject: str, action: str, cause: str, remedy: str = "") -> None:
        self.subject = subject
        self.action = action
        self.cause = cause
        self.remedy = remedy
        super().__init__(subject, action, cause)

    def __str__(self) -> str:
        """One or two sentences for the person who must act."""
        return f"Could not {self.action} {self.subject}: {self.cause}." + (f" {self.remedy}" if self.remedy else "")
