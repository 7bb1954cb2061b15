# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test that docs/troubles.md names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/troubles.md").read_text()


def test_each_line_names_tests_that_there_are() -> None:
    lines = [line for line in PAGE.partition("## Not solved here")[0].splitlines() if line.startswith("| ") and not line.startswith("| trouble")]
    assert len(lines) > 25
    missing = []
    for line in lines:
        file, named = "", []
        for path, test in re.findall(r"\]\(\.\./(tests/[\w/.]+)\)|`::(test_\w+)`", line):
            file = path or file
            named += [(file, test)] if test else []
        missing += [(file, test) for file, test in named if f"def {test}(" not in (ROOT / file).read_text()]
        missing += [(line, "names no test")] if not named else []
    assert missing == []
