# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in a sandbox: the hosts file and resolv.conf that ``ip netns exec`` lays over /etc, written and read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from ipaddress import ip_address
from typing import NamedTuple

from ..model.declaration import Endpoint, IPAddress, Network, Peer, Sandbox
from ..model.resolve import WAY_OUT
from ..state.objects import File
from ..state.tag import Tag
from .found import Found

DIRECTORY = "/etc/netns"
_LOCALHOST = ("127.0.0.1 localhost",)
_LOCALHOST_IPV6 = ("::1 localhost ip6-localhost ip6-loopback",)
_OWN, _ON, _NETWORK, _EXTRA = "# this sandbox", " on ", "# network ", "# extra_hosts"


class NameLine(NamedTuple):
    """Who has an address, as a hosts file says it. host: what its host is called in the fleet; empty where that is not known."""

    sandbox: str
    host: str
    aliases: tuple[str, ...]


def network_names(network: Network, members: Iterable[Sandbox], host: str) -> str:
    """The part of a hosts file that all sandboxes of a network share: who is in it, on all hosts. host: what this one is called in the fleet."""
    lines = [_NETWORK + network.name]
    for sandbox in members:
        for endpoint in sandbox.endpoints:
            if endpoint.network == network.name:
                lines += _lines(endpoint, sandbox, host)
    for peer in network.peers:
        words = _words(peer)
        lines += [f"{address} {words}" for address in (peer.ipv4_address, peer.ipv6_address) if address]
    return "\n".join(lines)


def name_files(fleet: str, name: str, owner: Sandbox, names: Mapping[str, str], host: str) -> Iterator[File]:
    """The files of the sandbox ``name``. owner: whose namespace it has, itself or the one it joins. names: ``network_names`` of each network."""
    yield File(f"{DIRECTORY}/{name}/hosts", _text(fleet, name, "hosts", _hosts(owner, names, host)))
    if owner.dns:
        yield File(f"{DIRECTORY}/{name}/resolv.conf", _text(fleet, name, "resolv.conf", [f"nameserver {server}" for server in owner.dns]))


def read_hosts(content: str) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """(aliases by own address, extra_hosts) of a hosts file."""
    own: dict[str, list[str]] = {}
    extra: list[tuple[str, str]] = []
    # All sandboxes of a network have its names, a thousand lines perhaps: those parts are passed over whole.
    for part in content.split("\n#"):
        title, _newline, lines = part.partition("\n")
        if ("#" + title).startswith(_OWN):
            own.update((address, list(line.aliases)) for address, line in _read_lines(lines))
        elif "#" + title == _EXTRA:
            extra.extend((name, words[0]) for words in map(str.split, lines.splitlines()) for name in words[1:])
    return own, extra


def read_network_names(content: str, network: str) -> dict[str, NameLine]:
    """Who has which address in a network, as the hosts file of one of its sandboxes says it."""
    _before, _title, after = content.partition(f"\n{_NETWORK}{network}\n")
    return dict(_read_lines(after.partition("\n#")[0]))


def lines_of_network(found: Found, network: str) -> dict[str, NameLine]:
    """Who has which address in a network, as the hosts file of any sandbox in it says it."""
    members = (one.netns for one, owner in found.links.get("endpoint", []) if owner.network == network)
    contents = (found.files.get(f"{DIRECTORY}/{member}/hosts", "") for member in members)
    return next((names for names in (read_network_names(content, network) for content in contents if content) if names), {})


def read_home(content: str) -> str:
    """What the host is called in its fleet; empty where the hosts file of a sandbox does not say it."""
    _before, title, after = content.partition(f"\n{_OWN}{_ON}")
    return after.partition("\n")[0] if title else ""


def read_nameservers(content: str) -> list[IPAddress]:
    """The servers in a resolv.conf that could be declared; somebody may have changed the file."""
    found = []
    for line in content.splitlines():
        with contextlib.suppress(ValueError):
            keyword, server = line.split()
            if keyword == "nameserver":
                found.append(ip_address(server))
    return found


def _hosts(sandbox: Sandbox, names: Mapping[str, str], host: str) -> list[str]:
    legs = sorted(sandbox.endpoints, key=lambda endpoint: endpoint.network)
    localhost = (*_LOCALHOST, *(_LOCALHOST_IPV6 if any(endpoint.ipv6_address for endpoint in legs) else ()))
    lines = [*localhost, _OWN + (_ON + host if _can_be_named(host) else "")]
    for endpoint in legs:
        if endpoint.network != WAY_OUT:
            lines += _lines(endpoint, sandbox, host)
    lines += [names[endpoint.network] for endpoint in legs if endpoint.network != WAY_OUT]  # nobody is reached over it
    if sandbox.extra_hosts:
        lines += [_EXTRA, *(f"{address} {name}" for name, address in sandbox.extra_hosts)]
    return lines


def _lines(endpoint: Endpoint, sandbox: Sandbox, host: str) -> list[str]:
    words = _words(NameLine(sandbox.name, host, endpoint.aliases))
    return [f"{address} {words}" for address in (endpoint.ipv4_address, endpoint.ipv6_address) if address is not None]


def _words(line: NameLine | Peer) -> str:
    on_host = (f"{line.sandbox}.{line.host}",) if _can_be_named(line.host) else ()
    return " ".join((line.sandbox, *on_host, *line.aliases))


def _read_lines(text: str) -> Iterator[tuple[str, NameLine]]:
    for words in map(str.split, text.splitlines()):
        if len(words) > 1:
            at = len(words[1]) + 1
            has_host = len(words) > 2 and words[2].startswith(words[1] + ".")
            yield words[0], NameLine(words[1], words[2][at:] if has_host else "", tuple(words[3 if has_host else 2 :]))


@cache
def _can_be_named(host: str) -> bool:
    """Whether a host's name can be part of one in a hosts file; the names of an inventory may be anything."""
    return host != "" and host.isascii() and all(letter.isalnum() or letter in "_.:/-" for letter in host)


def _text(fleet: str, sandbox: str, kind: str, lines: list[str]) -> str:
    return "\n".join([f"# {Tag(fleet, '', sandbox, kind)} written by mooring.cnm", *lines, ""])
