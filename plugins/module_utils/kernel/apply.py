# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out all that a plan can say: links, rules, settings, files. It decides nothing."""

from __future__ import annotations

import itertools

from ..state import order
from ..state.chain import Connections
from ..state.objects import File, Sysctl
from ..state.op import Op
from . import conntrack, files, namespaces, sysctls
from .carry import LINK_STAGES, Stages, by_namespace, carry_out, send, send_changes
from .netlink import RouteSocket
from .rule_changes import write_rules


def apply(ops: tuple[Op, ...]) -> None:
    """Do ``ops``, in their order. Raises Fault at the first that fails; what came before it is done."""
    carry_out(ops, _STAGES)


def _change_inside(ops: list[Op]) -> None:
    with sysctls.Tree() as tree, namespaces.journey() as way:
        for netns, group in by_namespace(ops):
            way.enter(netns)
            with RouteSocket() as netlink:
                # A setting has to be made at its place among the messages: it may need the link before it, and be needed by the next.
                for write, part in itertools.groupby(group, key=lambda op: _WRITERS.get(op.subject.key[0], _write_messages)):
                    write(netlink, list(part), tree)


def _write_messages(netlink: RouteSocket, ops: list[Op], _tree: sysctls.Tree) -> None:
    send_changes(netlink, ops)


def _write_queues(netlink: RouteSocket, ops: list[Op], _tree: sysctls.Tree) -> None:
    from .queues import queue_messages  # few links have one

    send(netlink, [(op, queue_messages(op)) for op in ops])


def _write_settings(_netlink: RouteSocket, ops: list[Op], tree: sysctls.Tree) -> None:
    for op in ops:
        if isinstance(op.after, Sysctl):
            sysctls.write(tree, op.after.name, op.after.value)


# By the first word of a key.
_WRITERS = {"queue": _write_queues, "redirect": _write_queues, "sysctl": _write_settings}


def _write_files(ops: list[Op]) -> None:
    for op in ops:
        if isinstance(op.after, File):
            files.write(op.after.path, op.after.content, op.action == "create")
        else:
            files.remove(op.subject.key[1])


def _forget_connections(ops: list[Op]) -> None:
    for op in ops:
        if isinstance(op.before, Connections):
            conntrack.forget(op.before)


def _tell_engine(ops: list[Op]) -> None:
    from .engine import write_networks  # few hosts have one

    write_networks(ops)


_STAGES: Stages = {
    **LINK_STAGES,
    order.ENGINE_REMOVAL: _tell_engine,
    order.BEFORE_RENAME: _change_inside,
    order.FIREWALL: write_rules,
    order.INSIDE: _change_inside,
    order.FILES: _write_files,
    order.ENGINE: _tell_engine,
    order.MEMORY: _forget_connections,
}
