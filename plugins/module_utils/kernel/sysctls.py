# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values below /proc/sys, in the namespace that the caller is in."""

from __future__ import annotations

from ..state.fault import Fault
from .reasons import reason

_NO_IPV6 = "net/ipv6/conf/all/disable_ipv6"


def read(name: str) -> str | None:
    """The value of ``net/ipv4/ip_forward``, with single spaces; None where this kernel has no such setting."""
    try:
        with open(f"/proc/sys/{name}", encoding="ascii") as file:
            return " ".join(file.read().split())
    except FileNotFoundError:
        # A kernel without IPv6 has it disabled.
        return "1" if name == _NO_IPV6 else None
    except OSError as error:
        raise Fault(f"sysctl {name}", "read", reason(error)) from error


def write(name: str, value: str) -> None:
    """Set one value. Raises Fault with the kernel's reason."""
    try:
        with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
            file.write(value)
    except FileNotFoundError as error:
        raise Fault(f"sysctl {name}", "set", "this kernel has no such setting in a network namespace", "Remove it from sysctls.") from error
    except OSError as error:
        raise Fault(f"sysctl {name}", "set", f"{reason(error)}; the value was {value!r}") from error
