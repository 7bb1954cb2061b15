# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The throw-away hosts of the kernel tests, under the kernel of tools/uml."""

from __future__ import annotations

from ansible_collections.mooring.cnm.tests.kernel.conftest import host, own_mounts, shared_host

__all__ = ["host", "own_mounts", "shared_host"]
