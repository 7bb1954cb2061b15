# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in a sandbox: the hosts file and resolv.conf that ``ip netns exec`` lays over /etc, written and read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from ipaddress import IPv4Address

from ..model.declaration import Sandbox
from ..state.objects import File
from ..state.tag import Tag

DIRECTORY = "/etc/netns"
_LOCALHOST = ("127.0.0.1 localhost",)
_OWN, _NEIGHBOURS, _EXTRA = "# this sandbox", "# network ", "# extra_hosts"


def name_files(fleet: str, name: str, owner: Sandbox, members: dict[str, list[Sandbox]]) -> Iterator[File]:
    """The files of the sandbox ``name``. owner: whose namespace it has, itself or the one it joins. members: the sandboxes of each network."""
    yield File(f"{DIRECTORY}/{name}/hosts", _text(fleet, name, "hosts", _hosts(owner, members)))
    if owner.dns:
        yield File(f"{DIRECTORY}/{name}/resolv.conf", _text(fleet, name, "resolv.conf", [f"nameserver {server}" for server in owner.dns]))


def read_hosts(content: str) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """(aliases by own address, extra_hosts) of a hosts file."""
    own: dict[str, list[str]] = {}
    extra: list[tuple[str, str]] = []
    section = ""
    for line in content.splitlines():
        if line.startswith("#"):
            section = line
            continue
        words = line.split()
        if section == _OWN and len(words) > 1:
            own[words[0]] = words[2:]
        elif section == _EXTRA:
            extra.extend((name, words[0]) for name in words[1:])
    return own, extra


def read_nameservers(content: str) -> list[IPv4Address]:
    """The servers in a resolv.conf that could be declared; somebody may have changed the file."""
    found = []
    for line in content.splitlines():
        with contextlib.suppress(ValueError):
            keyword, server = line.split()
            if keyword == "nameserver":
                found.append(IPv4Address(server))
    return found


def _hosts(sandbox: Sandbox, members: dict[str, list[Sandbox]]) -> list[str]:
    lines = [*_LOCALHOST, _OWN]
    lines += [_line(address, sandbox, network) for network, address in _addresses(sandbox)]
    for network, _address in _addresses(sandbox):
        lines.append(_NEIGHBOURS + network)
        for other in members.get(network, []):
            if other.name != sandbox.name:
                lines += [_line(address, other, network) for at, address in _addresses(other) if at == network]
    if sandbox.extra_hosts:
        lines += [_EXTRA, *(f"{address} {name}" for name, address in sandbox.extra_hosts)]
    return lines


def _addresses(sandbox: Sandbox) -> list[tuple[str, str]]:
    """(network, address), in the order of the networks' names."""
    return sorted((endpoint.network, str(endpoint.ipv4_address)) for endpoint in sandbox.endpoints if endpoint.ipv4_address)


def _line(address: str, sandbox: Sandbox, network: str) -> str:
    aliases: tuple[str, ...] | None = next((endpoint.aliases for endpoint in sandbox.endpoints if endpoint.network == network), ())
    return " ".join([address, sandbox.name, *(aliases or ())])


def _text(fleet: str, sandbox: str, kind: str, lines: list[str]) -> str:
    return "\n".join([f"# {Tag(fleet, '', sandbox, kind)} written by mooring.cnm", *lines, ""])
