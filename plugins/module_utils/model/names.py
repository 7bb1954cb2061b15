# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names networks, sandboxes, aliases, hosts and interfaces may have."""

from __future__ import annotations

import re

from .report import Unreadable
from .values import read_text

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,252}")
INTERFACE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
# The kernel's sysctl trees have directories of these names beside those of the interfaces; every namespace has a lo.
INTERFACE_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,10}")
RESERVED_INTERFACE_NAMES = ("all", "default", "lo")


def read_name(value: object) -> str:
    """The name of a network, a sandbox or an alias (Docker's rule, and at most 63 bytes: a DNS label)."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise Unreadable("a name begins with a letter or digit, has only letters, digits, '_', '.' and '-', and at most 63 of them")
    return str(value)


def read_sandbox_name(value: object) -> str:
    """The name of a sandbox: ``host`` is that of the host itself."""
    name = read_name(value)
    if name == "host":
        raise Unreadable("'host' means the host itself: choose another name for a sandbox")
    return name


def read_host_name(value: object) -> str:
    """A name for the hosts file."""
    if not isinstance(value, str) or not HOST_NAME.fullmatch(value):
        raise Unreadable("a host name begins with a letter or digit, has only letters, digits, '_', '.' and '-', and at most 253 of them")
    return str(value)


def read_interface_prefix(value: object) -> str:
    """What the names of a network's interfaces in its sandboxes begin with, before their number: ``eth``."""
    prefix = read_text(value)
    if not INTERFACE_PREFIX.fullmatch(prefix):
        raise Unreadable("the prefix of an interface name begins with a letter or '_', has only letters, digits, '_', '.' and '-', and at most 11 of them")
    return prefix


def read_interface_name(value: object) -> str:
    """The name of a network interface, narrower than the kernel's rule (15 bytes, no '/', ':' or space, not '.' or '..').

    Left out is what tools would take for more than a name: '%' (a pattern to the kernel), '+' (one to iptables), '!' and a leading '-'.
    """
    name = read_text(value)
    if not INTERFACE_NAME.fullmatch(name):
        raise Unreadable("an interface name begins with a letter, digit or '_', has only letters, digits, '_', '.' and '-', and at most 15 of them")
    if name in RESERVED_INTERFACE_NAMES:
        raise Unreadable(f"'{name}' has a meaning of its own to the kernel: choose another interface name")
    return name
