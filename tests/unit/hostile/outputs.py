# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a declaration would put on a host, looked through for what has no business there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from ipaddress import ip_interface, ip_network

from ansible_collections.mooring.cnm.plugins.module_utils.firewall.lines import lines_of
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.nft_table import replacing_text
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.text import restore_text
from ansible_collections.mooring.cnm.plugins.module_utils.state.chain import Table
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Address, File, HostState, Link, Namespace, Route, Sysctl
from ansible_collections.mooring.cnm.plugins.module_utils.state.plan import plan
from ansible_collections.mooring.cnm.plugins.module_utils.state.words import ops_in_words

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
# The namespace of an overlay. The ``+`` is in no name of a sandbox.
OF_A_NETWORK = re.compile(r"cnm(\+[A-Za-z0-9_.-]+)+")
INTERFACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
# Of what every string of every object is made: nothing that a shell, a path, a rule or a terminal takes for more than itself.
PLAIN = re.compile(r"[A-Za-z0-9_.:/!+@\[\]-]*")
ONE_LINE = re.compile(r"[\x20-\x7e]*")
SETTING = re.compile(r"net(/[A-Za-z0-9_.-]+)+")
FILE = re.compile(r"/etc/netns/([^/]+)/(hosts|resolv\.conf)")
FILE_LINE = re.compile(r"(# )?[A-Za-z0-9_.:/-]+( [A-Za-z0-9_.:/-]+)*")  # a host of an inventory may have a slash in its name
# nft's input in which all but names, numbers and addresses is of this text.
NFT_LINE = re.compile(r'[a-z0-9]+ [a-zA-Z0-9 _.:/!@,;={}*+-]*(("[A-Za-z0-9_.:*-]+")[a-zA-Z0-9 _.:/!@,;={}*-]*)*|\t*\}|')
RULE_LINE = re.compile(r'[:-][A-Za-z0-9_.:/!,-]*( (cnmb\+|[A-Za-z0-9_.:/!,\[\]-]+|"cnm:[A-Za-z0-9_.-]+"))*')


def check_outputs(wanted: HostState) -> None:
    """Every name, path, line and rule of ``wanted`` is of the form that it should have."""
    for one in wanted.objects.values():
        if isinstance(one, Sysctl):
            assert SETTING.fullmatch(one.name) and not {".", ".."} & set(one.name.split("/")), one
            assert ONE_LINE.fullmatch(one.value), one
            continue
        if isinstance(one, File):
            _check_file(one)
            continue
        for text in _strings(one):
            assert PLAIN.fullmatch(text) and not {".", ".."} & set(text.split("/")), (text, one)
        _check_names(one)
        if isinstance(one, Table):
            for line in replacing_text(one).splitlines():
                assert NFT_LINE.fullmatch(line.strip("\t")), line
    ops = plan(HostState(), wanted).ops
    assert all(ONE_LINE.fullmatch(line) for line in ops_in_words(ops))
    for line in restore_text(lines_of(op for op in ops if op.subject.key[0] in ("chain", "jump"))).splitlines():
        assert line == "COMMIT" or re.fullmatch(r"\*(filter|mangle|nat|raw)", line) or RULE_LINE.fullmatch(line), line


def _check_names(one: object) -> None:
    if isinstance(one, Namespace):
        assert (NAME.fullmatch(one.name) or OF_A_NETWORK.fullmatch(one.name)) and len(one.name) <= 255 and len(one.tag or "") <= 255, one
    elif isinstance(one, Link):
        assert INTERFACE.fullmatch(one.name) and one.name not in ("lo", "all", "default"), one
        assert len(one.altname or "") <= 127 and len(one.tag or "") <= 255, one
    elif isinstance(one, Address):
        ip_interface(one.address)
    elif isinstance(one, Route) and one.destination != "default":
        ip_network(one.destination)


def _check_file(one: File) -> None:
    path = FILE.fullmatch(one.path)
    assert path and NAME.fullmatch(path[1]), one
    assert one.content.endswith("\n")
    assert all(FILE_LINE.fullmatch(line) for line in one.content[:-1].split("\n")), one


def _strings(value: object) -> Iterator[str]:
    """Every string in an object, a tuple or a set."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (tuple, frozenset)):
        for part in value:
            yield from _strings(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _strings(getattr(value, field.name))
