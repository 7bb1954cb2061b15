# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel's error numbers mean for a network, in words."""

from __future__ import annotations

import errno
import os

_MEANINGS = {
    errno.EPERM: "not permitted; root with CAP_NET_ADMIN and CAP_SYS_ADMIN is needed",
    errno.EACCES: "not permitted; root with CAP_NET_ADMIN and CAP_SYS_ADMIN is needed",
    errno.EEXIST: "something with this name, address or number exists already",
    errno.ENODEV: "there is no such interface",
    errno.ENOENT: "it does not exist",
    errno.EOPNOTSUPP: "this kernel does not support it",
    errno.EBUSY: "it is in use",
    errno.ENETUNREACH: "its gateway is not reachable from here",
    errno.ENETDOWN: "its interface is down",
    errno.EADDRNOTAVAIL: "the address is not available there",
    errno.ENOSPC: "there is no space left",
    errno.ENFILE: "the host has no free file handles",
    errno.EMFILE: "this process has no free file handles",
    errno.EXFULL: "the bridge is full: it takes 1,023 ports",
}


def reason(error: OSError, said: str = "") -> str:
    """Why the kernel refused. said: its own words (extended acknowledgement), where it gave some."""
    number = error.errno or 0
    meaning = _MEANINGS.get(number) or os.strerror(number)
    name = errno.errorcode.get(number, str(number))
    return f"{said.rstrip('.')} ({name})" if said else f"{meaning} ({name})"


def unreadable(error: OSError) -> str:
    """The sentence for a look at the host that failed."""
    return f"The host could not be read: {reason(error)}."
