# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What many hosts said, as one report for the person at the controller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils.model.problem import Problem

_MOST_HOSTS = 3


@dataclass(frozen=True)
class FleetReport:
    """lines: to be printed. summary: one sentence. problems: as fleet_plan returns them."""

    lines: list[str]
    summary: str
    failed: bool
    problems: list[dict[str, str]]


def declaration_report(problems: Sequence[Problem]) -> FleetReport:
    """What is wrong with the declaration. Of many hosts that have it from one group, a few are named."""
    found = [one.as_dict() for one in problems]
    lines = _lines(found, _MOST_HOSTS)
    summary = f"{_count(len(lines), 'problem')} in the declaration. No host was changed." if lines else "no problem"
    return FleetReport([], "\n".join([summary, *lines]), bool(lines), found)


def preflight_report(said: Mapping[str, Mapping[str, Any]]) -> FleetReport:
    """Every problem that a host found while it looked at what it would do. A host that could not look is a problem too."""
    problems: list[dict[str, str]] = []
    for host, result in sorted(said.items()):
        found = list(result.get("problems") or [])
        if not found and "before" not in result:
            found = [{"path": "", "value": "", "message": _reason(result)}]
        elif not found and result.get("msg"):
            found = [{"path": "", "value": "", "message": str(result["msg"])}]
        problems += [{**one, "host": host} for one in found]
    if not problems:
        return FleetReport([], "no problem", False, [])
    hosts = {one["host"] for one in problems}
    lines = _lines(problems, len(hosts))
    summary = f"{_count(len(lines), 'problem')} on {_count(len(hosts), 'host')}. No host was changed."
    return FleetReport([], "\n".join([summary, *lines]), True, problems)


def drift_report(said: Mapping[str, Mapping[str, Any]], unseen: Sequence[str] = ()) -> FleetReport:
    """What would have to be done on each host to bring it back to its declaration. unseen: hosts that were not looked at.

    What has a problem cannot be compared, which is told beside what is found on the others. What is the same on several hosts, as after a reload of
    all their firewalls, is told once.
    """
    trouble = preflight_report(said)
    sound = sorted(said.keys() - {one["host"] for one in trouble.problems})
    drifted = {host: tuple(said[host]["ops"]) for host in sound if said[host].get("ops")}
    alike: dict[tuple[str, ...], list[str]] = {}
    for host, ops in drifted.items():
        alike.setdefault(ops, []).append(host)
    lines = []
    for ops, hosts in alike.items():
        words = "has drifted. To bring it back:" if len(hosts) == 1 else "have drifted alike. To bring each back:"
        lines += [f"{', '.join(hosts)} {words}", *(f"  {op}" for op in ops)]
    summary = f"{_count(len(drifted), 'host')} of {len(sound)} drifted: {', '.join(drifted)}" if drifted else f"{_count(len(sound), 'host')}: no drift"
    if unseen:
        summary += f". Not looked at, since they could not be reached or failed: {', '.join(unseen)}"
    if trouble.failed:
        return FleetReport(["", *lines], f"{trouble.summary}\n{summary}" if sound or unseen else trouble.summary, True, trouble.problems)
    return FleetReport(["", *lines, summary] if drifted else [summary], summary, bool(drifted), [])


def stale_report(hosts: list[str], others: int, left_out: Mapping[str, Sequence[str]], check_mode: bool = False) -> FleetReport:
    """The hosts that have not got what is declared for them. others: how many have. No failure of its own: Ansible counts each of them in its exit status.

    left_out: hosts on which no work was to be done, and which do not know what has changed on an overlay that they are on.
    """
    lines = []
    if hosts and others:
        rest = "Nothing is predicted for these." if check_mode else "The others are converged. Run again for these."
        lines.append(f"Stale, since they could not be reached or failed: {', '.join(hosts)}. {rest}")
    knowing = "would not know what changes" if check_mode else "do not know yet what has changed"
    for network, unaware in left_out.items():
        lines.append(f"Left out of this run, so they {knowing} on overlay {network}: {', '.join(unaware)}. Run for these too.")
    if lines:
        return FleetReport(["", *lines], " ".join(lines), False, [])
    return FleetReport([], "no host was brought to its declaration" if hosts else "no host is stale", False, [])


def ledger_warnings(missing: str, standing: Sequence[str], forgotten: Sequence[str]) -> list[str]:
    """What may be meant, or may be that the ledger or the inventory is another one than before.

    missing: the path of a ledger that is not there. standing: hosts on which the fleet's networks are all the same. forgotten: hosts that declare
    nothing any more.
    """
    warnings = []
    if missing and standing:
        warnings.append(
            f"There is no ledger {missing}, and networks of this fleet stand on {_named(standing, _MOST_HOSTS)}: what was given there is chosen anew, "
            "and may move. If there is a ledger, take it back, or set cnm_ledger to its path."
        )
    if forgotten:
        warnings.append(
            f"The inventory no longer declares anything for {_named(forgotten, _MOST_HOSTS)}: the ledger frees what was given there. "
            "What stands there stays, until playbook teardown has run with the host in the inventory."
        )
    return warnings


def _lines(problems: Sequence[Mapping[str, str]], most: int) -> list[str]:
    """A line for each problem with its place and value; what several hosts have is told once. most: how many of them are named."""
    hosts: dict[tuple[str, str, str], list[str]] = {}
    for one in problems:
        hosts.setdefault((one["path"], one["message"], one["value"]), []).append(one["host"])
    lines = []
    for (path, message, value), at in hosts.items():
        where = _named(at, most)
        words = ": ".join(part for part in (where or "all hosts", path, message) if part)
        lines.append(words + (f" (given: {value})" if value else ""))
    return lines


def _named(hosts: Sequence[str], most: int) -> str:
    return ", ".join(hosts[:most]) + (f" and {len(hosts) - most} more" if len(hosts) > most else "")


def _reason(result: Mapping[str, Any]) -> str:
    said = str(result.get("msg") or result.get("module_stderr") or "the module ended without an answer").strip()
    return f"the host could not be looked at: {said}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
