# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README shows is what the tests run."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_playbook_of_the_pieces_is_that_of_the_scenario() -> None:
    playbook = (ROOT / "molecule/nouns/overlay.yml").read_text().removeprefix("---\n")
    assert f"```yaml\n{playbook}```\n" in (ROOT / "README.md").read_text()
