# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of sysctls. As in sysctl(8), a dot within an interface's name is written as a slash (``net.ipv4.conf.eth0/40.rp_filter``)."""

from __future__ import annotations

_SWAPPED = {ord("."): "/", ord("/"): "."}


def setting_path(name: str) -> str:
    """A sysctl as a path below /proc/sys."""
    return name.translate(_SWAPPED)


def setting_name(path: str) -> str:
    """The sysctl at a path below /proc/sys."""
    return path.translate(_SWAPPED)
