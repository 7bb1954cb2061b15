# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that runs iptables and nft: a save and a restore per family and form, a list and a load of a table."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess

from ..state.fault import Fault

_PREFIX = {"ipv4": "iptables", "ipv6": "ip6tables"}
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
_RULES = "the firewall rules"
_PATIENCE_S = 60  # for who holds the lock of iptables: to wait for ever would leave a run half done
_NO_TABLE, _GONE = '{"nftables": []}', os.strerror(errno.ENOENT)
_INSTALL = "Install the package {} (role mooring.cnm.host does)."


def find_tool(family: str, verb: str, form: str = "") -> str | None:
    """The path of ``iptables-save`` or ``-restore``, or None where it is not installed. form: ``nft`` or ``legacy``; empty: that of the plain name."""
    of_form = shutil.which(f"{_PREFIX[family]}-{form}-{verb}", path=_PATH) if form else None
    plain = shutil.which(f"{_PREFIX[family]}-{verb}", path=_PATH)
    return of_form or (plain if not form or (plain and form_of(plain) == form) else None)


def form_of(tool: str) -> str:
    """The form of iptables that a tool is, ``nft`` or ``legacy``: both are one program that is called by many names."""
    return "nft" if "nft" in os.path.basename(os.path.realpath(tool)) else "legacy"


def find_nft() -> str | None:
    """The path of ``nft``, or None where it is not installed."""
    return shutil.which("nft", path=_PATH)


def save(family: str, form: str = "") -> str:
    """All rules of a family and form as text; empty where the tool is not installed, since then nobody made any with it."""
    tool = find_tool(family, "save", form)
    return _run([tool], "") if tool else ""


def restore(family: str, text: str, form: str = "") -> None:
    """Carry out ``text`` in one go, leaving all that it does not name."""
    tool = find_tool(family, "restore", form)
    if tool is None:
        raise Fault(_RULES, "write", f"{_PREFIX[family]}-restore is not installed" + (f" in its {form} form" if form else ""), _INSTALL.format("iptables"))
    _run([tool, "--noflush", f"--wait={_PATIENCE_S}"], text)


def as_printed(family: str, words: str) -> str:
    """How iptables writes a rule that it was given as ``words``: tried in a network namespace that ends with it. Raises Fault with what it says."""
    restore, save = find_tool(family, "restore"), find_tool(family, "save")
    if restore is None or save is None:
        raise Fault("a rule", "try", f"{_PREFIX[family]} is not installed", "Install the package iptables (role mooring.cnm.host does).")
    shell = ["unshare", "--net", "sh", "-c", '"$0" --noflush --wait && "$1" -t filter', restore, save]
    printed = _run(shell, f"*filter\n:DOCKER-USER - [0:0]\n-A DOCKER-USER {words}\nCOMMIT\n")
    return next(line for line in printed.split("\n") if line.startswith("-A DOCKER-USER "))


def list_table(family: str, name: str) -> str:
    """A table of nftables as JSON; without anything where there is none any more: firewalld and Docker make theirs anew at any time."""
    try:
        return _run([_need_nft(), "-j", "list", "table", family, name], "")
    except Fault as fault:
        if _GONE not in fault.cause:
            raise
        return _NO_TABLE


def load(text: str) -> None:
    """Carry out ``text`` as one transaction of nft."""
    _run([_need_nft(), "-f", "-"], text)


def firewalld(words: list[str]) -> str:
    """What ``firewall-cmd`` prints. Raises Fault with what it says where it refuses."""
    tool = shutil.which("firewall-cmd", path=_PATH)
    if tool is None:
        raise Fault(_RULES, "write", "firewalld is at work, and its firewall-cmd is not installed", _INSTALL.format("firewalld"))
    return _run([tool, *words], "")


def _need_nft() -> str:
    tool = find_nft()
    if tool is None:
        raise Fault(_RULES, "read", "nft is not installed", _INSTALL.format("nftables"))
    return tool


def _run(command: list[str], text: str) -> str:
    # Other people's comments may hold any bytes.
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", errors="surrogateescape", check=False)
    if done.returncode != 0:
        said = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise Fault(_RULES, "read" if not text else "write", f"{command[0]} says: {said}")
    return done.stdout
