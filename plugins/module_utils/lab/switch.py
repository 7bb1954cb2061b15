# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The underlay: a bridge in a namespace without a process, and the cables from its ports to the hosts' eth0."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from ipaddress import IPv4Address

from .address import UNDERLAY, UNDERLAY_IPV6, ipv6_of, mac_of, port_of
from .record import ENVIRONMENT, switch_path
from .syscalls import unmount

DOOMED = 1  # a link group: deleting a group waits once, deleting its links one by one waits for each


def create_switch(lab: str) -> None:
    """Make the switch. It has no address, so the machine has no way into the lab, nor the lab out of it."""
    path = switch_path(lab)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8"):
        pass
    try:
        # Multicast goes to all ports: nobody on this wire asks who wants to hear it, and IPv6 needs it to find neighbours.
        _run_ip(["unshare", f"--net={path}"], ["link add switch type bridge mcast_snooping 0", "link set switch addrgenmode none up"])
    except OSError:
        remove_switch(lab)
        raise


def connect_host(lab: str, host: str, address: IPv4Address, pid: int) -> None:
    """Lay the cable from the switch to the network namespace of this process, and give its eth0 the host's addresses."""
    port = port_of(address)
    cable = [
        f"link add {port} mtu 1500 type veth peer name eth0 mtu 1500 address {mac_of(address)} netns {pid}",
        f"link set {port} alias {host} addrgenmode none master switch up",
    ]
    _run_ip(_in_switch(lab), cable)
    end = ["link set lo up", "link set eth0 up", f"addr add {address}/{UNDERLAY.prefixlen} broadcast + dev eth0"]
    if os.path.exists("/proc/sys/net/ipv6"):
        end.append(f"addr add {ipv6_of(address)}/{UNDERLAY_IPV6.prefixlen} dev eth0 nodad")
    _run_ip(["nsenter", f"--target={pid}", "--net"], end)


def disconnect_hosts(lab: str, addresses: Iterable[IPv4Address]) -> None:
    """Pull the cables of hosts that have ended: the kernel does it by itself, but not at once."""
    ports = [port_of(address) for address in addresses]
    if ports and os.path.ismount(switch_path(lab)):
        doomed = [f"link set {port} group {DOOMED}" for port in ports]
        _run_ip(_in_switch(lab), [*doomed, f"link del group {DOOMED}"], force=True)


def remove_switch(lab: str) -> None:
    """Let go of the switch: its namespace goes, and all in it."""
    path = switch_path(lab)
    if os.path.ismount(path):
        unmount(path)
    os.unlink(path)


def _in_switch(lab: str) -> list[str]:
    return ["nsenter", f"--net={switch_path(lab)}"]


def _run_ip(enter: list[str], lines: list[str], force: bool = False) -> None:
    """Run one `ip -batch` in a namespace. OSError has its words; with force it goes on past what fails, and does not say so."""
    command = [*enter, "ip", *(["-force"] if force else []), "-batch", "-"]
    done = subprocess.run(command, input="\n".join(lines) + "\n", env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode != 0 and not force:
        raise OSError(f"ip: {' '.join(done.stderr.split())}")
