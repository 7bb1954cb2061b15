# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out what a plan says of namespaces, links and what is on them: one socket per namespace, many messages per send. It decides nothing."""

from __future__ import annotations

import contextlib
import errno
import itertools
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Callable

from ..state import order
from ..state.entry import Entries
from ..state.fault import Fault
from ..state.objects import Key, Link, Namespace
from ..state.op import Op, one_by_one
from ..state.tag import link_name
from ..state.words import in_words
from . import bind, messages, namespaces
from .encode import Message
from .inside import address, inside_messages, link_local_addresses
from .netlink import Refused, RouteSocket
from .reasons import reason

Stages = Mapping[int, Callable[[list[Op]], None]]


def carry_out(ops: tuple[Op, ...], stages: Stages) -> None:
    """Do ``ops``, in their order, each by the function of its stage. Raises Fault at the first that fails; what came before it is done."""
    others = order.made_or_renamed(ops)
    for stage, group in itertools.groupby(ops, key=lambda op: order.stage(op, others)):
        steps = list(group)
        try:
            stages[stage](steps)
        except OSError as error:
            raise fault_of(steps[0], error) from error


def _remove_links(ops: list[Op]) -> None:
    for netns, group in by_namespace(ops):
        with namespaces.inside(netns), RouteSocket() as netlink:
            ours, others = ([op for op in group if (getattr(op.subject, "tag", None) is not None) is tagged] for tagged in (True, False))
            # To remove many at once changes them before, and what is not ours must not be left like that.
            for op in others:
                _send_removal(netlink, op, messages.remove_link, op.subject.key[2])
            if ours:
                _send_removal(netlink, ours[-1], messages.remove_links, [op.subject.key[2] for op in ours])


def _send_removal(netlink: RouteSocket, op: Op, made: Callable[[Any], list[Message]], what: Any) -> None:
    """What goes by itself meanwhile, as the legs of a container that ends do, is passed over when the messages are made again."""
    for last in (False, False, True):
        try:
            return netlink.send(made(what))
        except Refused as error:
            if last or error.errno != errno.ENODEV:
                raise fault_of(op, error) from error


def _rename_links(ops: list[Op]) -> None:
    for op in ops:
        if not isinstance(op.before, Link) or not isinstance(op.after, Link):
            continue
        was, now = op.before.name, op.after.name
        with namespaces.inside(op.before.netns), RouteSocket() as netlink:
            try:
                netlink.send(messages.rename_link(was, now))
            except Refused as error:
                if error.errno != errno.EBUSY:
                    raise fault_of(op, error) from error
                # Before 6.2 the kernel renames only what is down.
                send(netlink, [(op, [*messages.set_up(was, False), *messages.rename_link(was, now)])])
                send(netlink, [(op, messages.set_up(now, bool(op.after.up)))])


def _make_namespaces(ops: list[Op]) -> None:
    bind.share_directory()
    for op, one in [(op, op.subject) for op in ops if isinstance(op.subject, Namespace)]:
        try:
            if op.action == "change":
                with namespaces.inside(one.name), RouteSocket() as netlink:
                    send(netlink, [(op, messages.complete_lo(one.tag))])
            elif one.joins:
                bind.bind(namespaces.path_of(one.joins), one.name, one.tag or "")
            else:
                with bind.new(one.name, one.tag or ""), RouteSocket() as netlink:
                    send(netlink, [(op, messages.complete_lo(one.tag))])
        except OSError as error:
            raise fault_of(op, error) from error


def _remove_namespaces(ops: list[Op]) -> None:
    for op in ops:
        bind.unbind(op.subject.key[1])


def _create_links(ops: list[Op]) -> None:
    ends = [link for op in ops for link in (op.after, op.peer) if isinstance(link, Link)]
    made = {link.key: link for link in ends}
    # A link needs the index of its bridge, and of what it rests on, so these are made before it is packed.
    for (_depth, netns), group in itertools.groupby(ops, key=lambda op: _birth(op, made)):
        _create_batch(netns, list(group))
    at_home = {op.subject.key for op in ops if isinstance(op.after, Link) and order.born_from(op.after) == op.after.netns}
    elsewhere = sorted((link for link in ends if link.key not in at_home), key=lambda link: link.key)
    with namespaces.journey() as way:
        for there, links in itertools.groupby(elsewhere, key=lambda link: link.netns):
            way.enter(there)
            with RouteSocket() as netlink:
                for link in links:
                    netlink.send(messages.finish_birth(link, has_master=False))


def _birth(op: Op, made: Mapping[Key, Link]) -> tuple[int, str]:
    """How much has to be made before a link, and from where it is made."""
    return (order.depth(op.after, made), order.born_from(op.after)) if isinstance(op.after, Link) else (0, "")


def _create_batch(netns: str, ops: list[Op]) -> None:
    others = {link.netns for op in ops for link in (op.after, op.peer) if isinstance(link, Link)} - {netns}
    with contextlib.ExitStack() as stack:
        at = {other: stack.enter_context(namespaces.opened(namespaces.path_of(other))) for other in others}
        with namespaces.inside(netns), RouteSocket() as netlink:
            births = [(op, op.after) for op in ops if isinstance(op.after, Link)]
            born_as = _other_names([link for _op, link in births if link.netns in at])
            send(netlink, [(op, messages.create_link(replace(link, name=born_as.get(link.key, link.name)), op.peer, at)) for op, link in births])
            # Only now: where somebody else has made a link of the same name meanwhile, what follows its refused birth would change that link.
            send(netlink, [(op, messages.finish_birth(link)) for op, link in births if link.netns == netns])
        for op, link in births:
            if link.key in born_as:
                with namespaces.inside(link.netns), RouteSocket() as netlink:
                    send(netlink, [(op, messages.rename_link(born_as[link.key], link.name))])


def _other_names(links: list[Link]) -> dict[Key, str]:
    """By which names links are born in another namespace whose own names are taken in this one: before 6.15 the kernel asks here whether a name is free.
    What a killed run leaves of them is known as ours by its name.
    """
    here = {name for _index, name in socket.if_nameindex()} if links else set()
    return {link.key: link_name("t", link.netns, link.name) for link in links if link.name in here}


def _change_on_links(ops: list[Op]) -> None:
    for netns, group in by_namespace(ops):
        with namespaces.inside(netns), RouteSocket() as netlink:
            send_changes(netlink, group)


def send_changes(netlink: RouteSocket, ops: list[Op]) -> None:
    """Change links, and what stands on them. A link that is to have no address of the kernel's making keeps none: the kernel only makes no new one."""
    send(netlink, list(inside_messages(ops)))
    for op in ops:
        if isinstance(op.before, Link) and isinstance(op.after, Link) and op.before.ipv6_link_local and op.after.ipv6_link_local is False:
            send(netlink, [(op, address(one, remove=True)) for one in link_local_addresses(op.after)])


LINK_STAGES: Stages = {
    order.BEFORE_RENAME: _change_on_links,
    order.LINK_REMOVAL: _remove_links,
    order.LINK_RENAME: _rename_links,
    order.NAMESPACE_REPLACEMENT: _remove_namespaces,
    order.NAMESPACE: _make_namespaces,
    order.LINK_CREATION: _create_links,
    order.INSIDE: _change_on_links,
    order.NAMESPACE_REMOVAL: _remove_namespaces,
}


def by_namespace(ops: Iterable[Op]) -> Iterator[tuple[str, list[Op]]]:
    """Steps that follow each other in one namespace, with its name."""
    return ((netns, list(group)) for netns, group in itertools.groupby(ops, key=lambda op: getattr(op.subject, "netns", "")))


def send(netlink: RouteSocket, steps: list[tuple[Op, list[Message]]]) -> None:
    """Send the messages of many steps at once, and say which step failed."""
    try:
        netlink.send([message for _op, group in steps for message in group])
    except Refused as error:
        first = 0
        for op, group in steps:
            if error.index < first + len(group):
                raise fault_of(_part(op, error.index - first), error) from error
            first += len(group)


def _part(op: Op, at: int) -> Op:
    """What message number ``at`` of a step was about: of a table one entry."""
    return next(itertools.islice(one_by_one(op), at, None)) if isinstance(op.subject, Entries) else op


def fault_of(op: Op, error: OSError) -> Fault:
    """Why a step failed."""
    action, subject = in_words(op).split(" ", 1)
    return Fault(subject, action, reason(error, getattr(error, "said", "")))
