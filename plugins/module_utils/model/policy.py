# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of DOCKER-USER as it is declared: one ordered list of rules, with every problem in it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Callable

from .keys import Keys, list_items, read_keys, read_list
from .policy_values import (
    family_of,
    read_burst,
    read_comment,
    read_host_ip,
    read_interface,
    read_log,
    read_place,
    read_port_range,
    read_rate,
    read_raw,
    read_set,
)
from .problem import Problem
from .report import Report
from .values import Reader, one_of

PATH = "cnm_docker_user"
FAMILIES = ("ipv4", "ipv6")
ACTIONS = ("accept", "drop", "reject", "return")
PROTOCOLS_WITH_PORTS = ("tcp", "udp", "sctp")
STATES = ("new", "established", "related", "invalid", "untracked", "dnat", "snat")
REJECTIONS = ("port-unreachable", "host-unreachable", "net-unreachable", "admin-prohibited", "tcp-reset")


@dataclass(frozen=True)
class PolicyRule:
    """One entry of the list: what matches all that is set is logged, or has the action, or both. Several values of one key are alternatives.

    published, host_ip: port and address as the client sees them. target: the container's port. limit: matches no more often than that.
    family: ``ipv4``, ``ipv6`` or ``both``. raw: words for iptables in place of all else.
    """

    family: str = "both"
    source: tuple[str, ...] = ()
    destination: tuple[str, ...] = ()
    source_set: str | None = None
    destination_set: str | None = None
    in_interface: tuple[str, ...] = ()
    out_interface: tuple[str, ...] = ()
    protocol: str | None = None
    published: tuple[str, ...] = ()
    host_ip: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    ctstate: tuple[str, ...] = ()
    limit: str | None = None
    limit_burst: int | None = None
    log: str | None = None
    action: str | None = None
    reject_with: str | None = None
    comment: str | None = None
    raw: str | None = None

    def places(self) -> tuple[str, ...]:
        """Every address in it."""
        return (*self.source, *self.destination, *self.host_ip)

    def families(self) -> tuple[str, ...]:
        """The families whose packets it can match."""
        asked = FAMILIES if self.family == "both" else (self.family,)
        lists = [{family_of(one) for one in places} for places in (self.source, self.destination, self.host_ip) if places]
        return tuple(family for family in asked if all(family in found for found in lists))


def parse_policy(raw: object, path: str = PATH, host: str = "") -> tuple[tuple[PolicyRule, ...], list[Problem]]:
    """The rules of a list, and all that is wrong with them; with a problem the rules are not to be carried out."""
    report = Report(host)
    rules = []
    for item_path, item in list_items(report, path, raw):
        values = read_keys(report, item_path, item, Keys({name: _reader(report, item_path, name) for name in _READERS}))
        rule = PolicyRule(**{name: _frozen(value) for name, value in values.items()})
        if isinstance(item, dict):
            _check(report, item_path, rule, item)
        rules.append(rule)
    return tuple(rules), report.problems


def rule_options(rule: PolicyRule) -> dict[str, Any]:
    """The entry that says what ``rule`` is, in its shortest form."""
    shown: dict[str, Any] = {}
    for one in fields(rule):
        value = getattr(rule, one.name)
        if value != one.default:
            shown[one.name] = (list(value) if len(value) > 1 else value[0]) if isinstance(value, tuple) else value
    if rule.log == "":
        shown["log"] = True
    return shown


def _list_of(reader: Reader) -> Callable[[Report, str, object], list[Any]]:
    return lambda report, path, value: read_list(report, path, value if isinstance(value, (list, tuple)) else [value], reader)


_LISTS: dict[str, Reader] = {
    "source": read_place,
    "destination": read_place,
    "in_interface": read_interface,
    "out_interface": read_interface,
    "published": read_port_range,
    "host_ip": read_host_ip,
    "target": read_port_range,
    "ctstate": one_of(STATES),
}
_SCALARS: dict[str, Reader] = {
    "family": one_of((*FAMILIES, "both")),
    "source_set": read_set,
    "destination_set": read_set,
    "protocol": one_of((*PROTOCOLS_WITH_PORTS, "icmp")),
    "limit": read_rate,
    "limit_burst": read_burst,
    "log": read_log,
    "action": one_of(ACTIONS),
    "reject_with": one_of(REJECTIONS),
    "comment": read_comment,
    "raw": read_raw,
}
_READERS = (*_LISTS, *_SCALARS)


def _reader(report: Report, path: str, name: str) -> Reader:
    if name in _SCALARS:
        return _SCALARS[name]
    read = _list_of(_LISTS[name])
    return lambda value: read(report, f"{path}.{name}", value)


def _frozen(value: object) -> Any:
    return tuple(dict.fromkeys(value)) if isinstance(value, list) else value


def _check(report: Report, path: str, rule: PolicyRule, item: dict[str, object]) -> None:
    """What no value alone can show. item: as it was given, since what could not be read has been told already."""
    given = {name for name, value in item.items() if value is not None}
    if "raw" in given:
        others = sorted(given & set(_READERS) - {"raw", "family", "comment"})
        if others:
            report.add(path, ", ".join(others), "raw stands alone: it holds all matches and the target; only family and comment go with it")
        return
    if not given & {"action", "log"}:
        report.add(path, None, "it does nothing: add action (accept, drop, reject or return), log, or raw")
    for name in ("source", "destination", "in_interface", "out_interface"):
        values = getattr(rule, name)
        if len(values) > 1 and any(value.startswith("!") for value in values):
            report.add(f"{path}.{name}", values, "of several values each is enough, so a '!' would let everything match: write one rule for each")
    needs_ports = sorted(given & {"published", "target"})
    if rule.protocol == "icmp" and needs_ports:
        report.add(f"{path}.protocol", rule.protocol, f"{needs_ports[0]} needs a protocol that has ports: {', '.join(PROTOCOLS_WITH_PORTS)}")
    if "limit_burst" in given and "limit" not in given:
        report.add(f"{path}.limit_burst", item["limit_burst"], "it goes with limit")
    if "reject_with" in given and rule.action != "reject":
        report.add(f"{path}.reject_with", item["reject_with"], "it goes with action: reject")
    if rule.reject_with == "tcp-reset" and rule.protocol != "tcp" and not (rule.protocol is None and needs_ports):
        report.add(f"{path}.reject_with", "tcp-reset", "only TCP has a reset: add protocol: tcp")
    if not rule.families():
        report.add(path, ", ".join((rule.family, *rule.places())), "no packet is of both families: write one rule for each")
