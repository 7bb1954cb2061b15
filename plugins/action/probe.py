# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a host's part of the proof out of the plan for the module of the same name, and brings all results to a verdict."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import ansible.constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.proof.plan import WHOLE, file_of
from ..module_utils.proof.row import Outcome, Place, Row, listener_name, read_row
from ..module_utils.proof.table import BAD, GOOD, PLAIN, WARNING, report, totals
from ..module_utils.proof.verdict import RED, UNPROVEN, judge, sentences, summarise

_MODULE_OPTIONS = {"listen": ("run", "listen", "lifetime_s", "idle_s"), "send": ("run", "probes"), "collect": ("run",)}
_EMPTY = {"listen": {"listening": {}, "counting": False}, "send": {"results": []}, "collect": {"arrivals": []}}
_STANDING = ("bound", "counting")


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables, args = task_vars or {}, dict(self._task.args)
        plan, stage, register = args.pop("plan", None), args.pop("stage", None), args.pop("register", None)
        if plan is None:
            return {**result, **self._execute_module("mooring.cnm.probe", module_args=in_words(args), task_vars=variables)}
        if args or stage is None or (stage == "verdict") != bool(register):
            raise AnsibleActionFail("With plan only stage is given, and register for the stage verdict. The plan has all else.")
        if stage == "verdict":
            return {**result, **self._verdict(_read(plan, WHOLE), register, variables)}
        part = _read(plan, file_of(variables["inventory_hostname"]))
        options = {name: part[name] for name in _MODULE_OPTIONS[stage]} | ({"collect": True} if stage == "collect" else {})
        if not part["probes" if stage == "send" else "listen"]:
            return {**result, "changed": False, "proof": part["proof"], **_EMPTY[stage]}
        return {**result, **self._execute_module("mooring.cnm.probe", module_args=options, task_vars=variables), "proof": part["proof"]}

    def _verdict(self, whole: dict[str, Any], register: Mapping[str, str], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Print who reaches whom, and fail where that is not as declared or not proven.

        A host that was lost before the proof began is stale: nothing of it is asked, and the run fails because of it anyway.
        """
        if self._task.check_mode or not whole["rows"]:
            words = "check mode: nothing was sent, so nothing is proven" if whole["rows"] else f"nothing to prove (cnm_verify: {whole['mode']})"
            Display().display(words)
            return {"changed": False, "msg": words, "red": [], "unproven": []}
        said = {host: _said(variables["hostvars"].raw_get(host), register, whole["proof"]) for host in whole["hosts"]}
        there = {host for host, stages in said.items() if stages["listen"] or host in variables["ansible_play_hosts"]}
        rows = [row for row in map(read_row, whole["rows"]) if {row.source[0], row.target[0]} <= there]
        displaced = {host for host, stages in said.items() if stages["collect"].get("displaced")}
        verdicts = judge(rows, _outcomes(rows, said), _faults(rows, said), displaced)
        colours = {PLAIN: None, GOOD: C.COLOR_OK, WARNING: C.COLOR_WARN, BAD: C.COLOR_ERROR}
        Display().display("")
        hosts = {host: words for host, words in whole["hosts"].items() if host in there}
        for line, tone in report(verdicts, hosts, whole["pairs"]):
            Display().display(line, color=colours[tone])
        summary = summarise(verdicts)
        return {
            "changed": False,
            "failed": not summary.green,
            "msg": totals(summary, whole["pairs"]),
            "summary": asdict(summary),
            "red": sentences(verdicts, RED),
            "unproven": sentences(verdicts, UNPROVEN),
        }


def in_words(args: dict[str, Any]) -> dict[str, Any]:
    """The module's options, where ``expect`` may be as ``reached`` of a result is: true or false."""
    probes = args.get("probes")
    if not isinstance(probes, list):
        return args
    said = {True: "reached", False: "blocked"}
    return {
        **args,
        "probes": [{**one, "expect": said[one["expect"]]} if isinstance(one, Mapping) and isinstance(one.get("expect"), bool) else one for one in probes],
    }


def _read(plan: str, name: str) -> dict[str, Any]:
    try:
        with open(os.path.join(plan, name), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        raise AnsibleActionFail(f"The plan in {plan} has no {name}: it was made without this host, or in another run. Run fleet_plan first.") from None


def _said(held: Mapping[str, Any], register: Mapping[str, str], proof: str) -> dict[str, Mapping[str, Any]]:
    """What a host returned in each stage of this proof: nothing for a stage that it did not come to."""
    results = {stage: held.get(name) for stage, name in register.items()}
    return {stage: one if isinstance(one, Mapping) and one.get("proof") == proof else {} for stage, one in results.items()}


def _outcomes(rows: list[Row], said: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[int, Outcome]:
    """What came of every probe that was sent. One that was counted where it arrived has been reached."""
    outcomes = {
        one["id"]: Outcome(one["reached"], one["rtt_ms"], str(one["detail"]), one["peer"])
        for stages in said.values()
        for one in stages["send"].get("results", ())
    }
    arrived = {(host, one["id"]): one["peer"] for host, stages in said.items() for one in stages["collect"].get("arrivals", ())}
    for row in rows:
        if row.id in outcomes and (row.target[0], row.id) in arrived:
            detail = "counted where it arrived: a service has the port"
            outcomes[row.id] = replace(outcomes[row.id], reached=True, detail=detail, peer=arrived[row.target[0], row.id])
    return outcomes


def _faults(rows: list[Row], said: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[Place, str]:
    """Why targets have no listener."""
    faults = {}
    for row in rows:
        stages = said.get(row.target[0], {})
        name = listener_name(row)
        state = stages["listen"].get("listening", {}).get(name, "no listener was started there") if row.listener else "bound"
        if state not in _STANDING:
            faults[row.target] = str(state).rstrip(".")
    return faults
