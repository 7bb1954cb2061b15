# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sysctls can be declared: of a namespace, and of an endpoint's interface in it."""

from __future__ import annotations

import re

from .keys import read_pairs
from .report import Report, Unreadable
from .values import read_text

# Only net.* belongs to a network namespace. No '/' and no empty part: the name becomes a path below /proc/sys.
OF_A_NAMESPACE = re.compile(r"net(\.[A-Za-z0-9_-]+)+")
# Docker's form of those that belong to an interface, whose name takes the place of IFNAME.
OF_AN_INTERFACE = re.compile(r"net\.(ipv4|ipv6|mpls)\.(conf|neigh)\.IFNAME\.[A-Za-z0-9_-]+")
MEANT = {
    OF_A_NAMESPACE: "only sysctls of a network namespace can be set: names such as net.core.somaxconn",
    OF_AN_INTERFACE: "only sysctls of the endpoint's interface can be set here: names such as net.ipv4.conf.IFNAME.rp_filter, with IFNAME as it stands",
}
VALUE = re.compile(r"[\t\x20-\x7e]{0,1000}")  # the kernel itself writes tabs between numbers


def read_sysctl_value(value: object) -> str:
    """The value as the text that the kernel is given, single spaces between its parts."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise Unreadable("a number or text is expected")
    if isinstance(value, int) and abs(value) >= 2**64:
        raise Unreadable("the number is larger than any that the kernel takes")
    if isinstance(value, str) and not VALUE.fullmatch(value):
        raise Unreadable("a sysctl's value is one line of at most 1000 printable characters")
    return " ".join(str(value).split())


def read_sysctls(report: Report, path: str, raw: object, names: re.Pattern[str] = OF_A_NAMESPACE) -> dict[str, str]:
    """Sysctls by name: from a dictionary, or a list of ``name=value``. names: which there can be, a key of ``MEANT``."""
    sysctls: dict[str, str] = {}
    for item_path, name, value in read_pairs(report, path, raw, "="):
        if not names.fullmatch(name):
            report.add(item_path, name, MEANT[names])
            continue
        try:
            text = read_sysctl_value(value)
        except Unreadable as error:
            report.add(item_path, value, str(error))
            continue
        if sysctls.setdefault(name, text) != text:
            report.add(item_path, value, f"{name} is given twice with two values: keep one")
    return sysctls


def read_listed_sysctls(value: object) -> tuple[tuple[str, str], ...]:
    """Sysctls of an interface as Docker's driver_opts have them: ``name=value,name=value``."""
    found: dict[str, str] = {}
    for pair in read_text(value).split(","):
        name, equals, text = pair.strip().partition("=")
        if not equals or not OF_AN_INTERFACE.fullmatch(name):
            raise Unreadable("text such as net.ipv4.conf.IFNAME.rp_filter=2,net.ipv4.conf.IFNAME.log_martians=1 is expected, with IFNAME as it stands")
        if found.setdefault(name, read_sysctl_value(text)) != read_sysctl_value(text):
            raise Unreadable(f"{name} is given twice with two values: keep one")
    return tuple(sorted(found.items()))
