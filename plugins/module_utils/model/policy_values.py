# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one raw value of a rule for DOCKER-USER is read, into the form in which iptables-save prints it.

What may be turned into its opposite has a leading ``!``, and keeps it in the form that is returned.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

from .report import Unreadable, shown
from .values import integer_between, read_address, read_text

# Rates in ten-thousandths of a second per packet, as the kernel keeps them (xt_limit), and printed in the largest unit that fits.
_TICKS = 10000
_UNITS = (("day", 86400), ("hour", 3600), ("min", 60), ("sec", 1))
# How many packets may come at once (libxt_limit).
read_burst = integer_between(1, 10000)
_INTERFACE = re.compile(r"[^\s/!\"'+]{1,15}|[^\s/!\"'+]{1,14}\+")


def negatable(text: str) -> tuple[str, str]:
    """``!`` or nothing, and the rest."""
    return ("!", text[1:].strip()) if text.startswith("!") else ("", text)


def read_place(value: object) -> str:
    """An address, a network or a range of addresses (``192.0.2.1-192.0.2.9``), of IPv4 or IPv6."""
    mark, text = negatable(read_text(value))
    if "%" in text:
        raise Unreadable("an address without '%' is expected: say in_interface or out_interface for the link")
    first, dash, last = text.partition("-")
    try:
        if dash:
            ends = ip_address(first.strip()), ip_address(last.strip())
            if ends[0].version != ends[1].version or int(ends[0]) > int(ends[1]):
                raise Unreadable("a range goes from an address to a higher one of the same family")
            return f"{mark}{ends[0]}-{ends[1]}"
        network = ip_network(text, strict=False)
    except Unreadable:
        raise
    except ValueError:
        raise Unreadable("an address, a network such as 192.0.2.0/24 or a range such as 192.0.2.1-192.0.2.9 is expected, perhaps after a '!'") from None
    if not re.fullmatch(r"[^/]+(/[0-9]{1,3})?", text):
        raise Unreadable(f"the length of a network is a number of bits: write {network}")
    if str(network.network_address) != str(ip_address(text.partition("/")[0])):
        raise Unreadable(f"{text.partition('/')[0]} is an address in the network, not the network: write {network}")
    if network.prefixlen == 0:
        raise Unreadable("this is every address: leave it out")
    return mark + (str(network.network_address) if network.num_addresses == 1 else str(network))


def read_host_ip(value: object) -> str:
    """One address of the host, as the client calls it."""
    return str(read_address(value))


def family_of(place: str) -> str:
    """``ipv4`` or ``ipv6``: of what ``read_place`` returned."""
    return "ipv6" if ":" in place else "ipv4"


def read_interface(value: object) -> str:
    """The name of an interface; a ``+`` at its end stands for any further letters, as for iptables."""
    mark, text = negatable(read_text(value))
    if not _INTERFACE.fullmatch(text) or text.startswith("-"):
        raise Unreadable("the name of an interface is expected, at most 15 bytes, perhaps with a '+' at its end for all that begin so, perhaps after a '!'")
    return mark + text


def read_port_range(value: object) -> str:
    """A port or a range of ports (``5000-5005``)."""
    text = shown(value) if isinstance(value, int) and not isinstance(value, bool) else read_text(value)
    match = re.fullmatch(r"([0-9]{1,5})(?:[-:]([0-9]{1,5}))?", text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= 65535:
        raise Unreadable("a port from 1 to 65535, or a range such as 5000-5005, is expected")
    return str(first) if first == last else f"{first}:{last}"


def read_set(value: object) -> str:
    """The name of an ipset, at most 31 bytes (the kernel's IPSET_MAXNAMELEN)."""
    mark, text = negatable(read_text(value))
    if not re.fullmatch(r"[A-Za-z0-9_.:-]{1,31}", text) or text.startswith("-"):
        raise Unreadable("the name of an ipset is expected: letters, digits, '_', '.', ':' and '-', at most 31, perhaps after a '!'")
    return mark + text


def read_rate(value: object) -> str:
    """So many packets in a second, minute, hour or day: ``10/second``, in the kernel's own unit."""
    match = re.fullmatch(r"([0-9]{1,5})/(s|sec|second|m|min|minute|h|hour|d|day)", read_text(value))
    count = int(match[1]) if match else 0
    seconds = next(seconds for unit, seconds in _UNITS if match is None or unit[0] == match[2][0])
    period = _TICKS * seconds // count if count else 0
    if period < 1:
        raise Unreadable("a rate such as 10/second is expected: a number, '/', and second, minute, hour or day; at most 10000/second")
    # iptables: libxt_limit.c, print_rate
    name, seconds = _UNITS[0]
    for unit, length in _UNITS[1:]:
        ticks = _TICKS * length
        if period > ticks or ticks // period < ticks % period:
            break
        name, seconds = unit, length
    return f"{_TICKS * seconds // period}/{name}"


def read_log(value: object) -> str:
    """The words before each line in the kernel's log, at most 29 bytes (LOG). ``true`` means none."""
    if value is True:
        return ""
    text = read_text(value)
    if not text.isprintable() or len(text.encode()) > 29:
        raise Unreadable("true, or at most 29 bytes of printable text, is expected")
    return text


def read_comment(value: object) -> str:
    """At most 150 bytes: iptables takes 255, and our mark is one of them."""
    text = read_text(value)
    if not text or not text.isprintable() or len(text.encode()) > 150 or text != text.strip():
        raise Unreadable(f"at most 150 bytes of printable text are expected, not {shown(value)}")
    return text


def read_raw(value: object) -> str:
    """Words for iptables, matches and target; our own mark is added."""
    text = read_text(value).strip()
    for option in ("-A", "-I", "-D", "-N", "-F", "-X", "-P", "-R", "-t", "--comment", "--table", "--append", "--insert"):
        if option in text.split():
            raise Unreadable(f"it holds matches and a target, such as '-m time --timestart 08:00 -j RETURN', without {option}")
    if not text or not text.isprintable():
        raise Unreadable("matches and a target are expected, such as '-m time --timestart 08:00 -j RETURN'")
    return text
