# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in a sandbox: the hosts file and resolv.conf that ``ip netns exec`` lays over /etc, written and read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address

from ..model.declaration import Endpoint, IPAddress, Sandbox
from ..state.objects import File
from ..state.tag import Tag

DIRECTORY = "/etc/netns"
_LOCALHOST = ("127.0.0.1 localhost",)
_LOCALHOST_IPV6 = ("::1 localhost ip6-localhost ip6-loopback",)
_OWN, _NETWORK, _EXTRA = "# this sandbox", "# network ", "# extra_hosts"


def network_names(network: str, members: Iterable[Sandbox]) -> str:
    """The part of a hosts file that all sandboxes of a network share: who is in it."""
    lines = (line for sandbox in members for endpoint in sandbox.endpoints if endpoint.network == network for line in _lines(endpoint, sandbox))
    return "\n".join([_NETWORK + network, *lines])


def name_files(fleet: str, name: str, owner: Sandbox, names: Mapping[str, str]) -> Iterator[File]:
    """The files of the sandbox ``name``. owner: whose namespace it has, itself or the one it joins. names: ``network_names`` of each network."""
    yield File(f"{DIRECTORY}/{name}/hosts", _text(fleet, name, "hosts", _hosts(owner, names)))
    if owner.dns:
        yield File(f"{DIRECTORY}/{name}/resolv.conf", _text(fleet, name, "resolv.conf", [f"nameserver {server}" for server in owner.dns]))


def read_hosts(content: str) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """(aliases by own address, extra_hosts) of a hosts file."""
    own: dict[str, list[str]] = {}
    extra: list[tuple[str, str]] = []
    # All sandboxes of a network have its names, a thousand lines perhaps: those parts are passed over whole.
    for part in content.split("\n#"):
        title, _newline, lines = part.partition("\n")
        if "#" + title == _OWN:
            own.update((words[0], words[2:]) for words in map(str.split, lines.splitlines()) if len(words) > 1)
        elif "#" + title == _EXTRA:
            extra.extend((name, words[0]) for words in map(str.split, lines.splitlines()) for name in words[1:])
    return own, extra


def read_nameservers(content: str) -> list[IPAddress]:
    """The servers in a resolv.conf that could be declared; somebody may have changed the file."""
    found = []
    for line in content.splitlines():
        with contextlib.suppress(ValueError):
            keyword, server = line.split()
            if keyword == "nameserver":
                found.append(ip_address(server))
    return found


def _hosts(sandbox: Sandbox, names: Mapping[str, str]) -> list[str]:
    legs = sorted(sandbox.endpoints, key=lambda endpoint: endpoint.network)
    localhost = (*_LOCALHOST, *(_LOCALHOST_IPV6 if any(endpoint.ipv6_address for endpoint in legs) else ()))
    lines = [*localhost, _OWN, *(line for endpoint in legs for line in _lines(endpoint, sandbox))]
    lines += [names[endpoint.network] for endpoint in legs]
    if sandbox.extra_hosts:
        lines += [_EXTRA, *(f"{address} {name}" for name, address in sandbox.extra_hosts)]
    return lines


def _lines(endpoint: Endpoint, sandbox: Sandbox) -> Iterator[str]:
    for address in (endpoint.ipv4_address, endpoint.ipv6_address):
        if address is not None:
            yield " ".join([str(address), sandbox.name, *endpoint.aliases])


def _text(fleet: str, sandbox: str, kind: str, lines: list[str]) -> str:
    return "\n".join([f"# {Tag(fleet, '', sandbox, kind)} written by mooring.cnm", *lines, ""])
