# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the modules for the kernel's nouns. Those of ipvlan are run where the kernel has it: tests/uml/test_modules.py."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.tests.kernel.examples import PRESUPPOSED, check_examples
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks


@pytest.mark.parametrize("module", sorted(PRESUPPOSED.keys() - {"ipvlan"}))
def test_the_examples(host, capsys: pytest.CaptureFixture[str], module: str) -> None:
    check_examples(Tasks(host, capsys), module)
