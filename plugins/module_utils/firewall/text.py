# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules as iptables-save prints them and iptables-restore reads them. Text in, data out, and back; nothing is run here."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..state.rule import Rule

# Options that take one value, and the field of a rule that holds it.
_FIELDS = {"-i": "in_interface", "-o": "out_interface", "-s": "source", "-d": "destination", "-p": "protocol", "--comment": "comment"}
_TARGET_OPTIONS = {"DNAT": "--to-destination", "SNAT": "--to-source"}


def rule_text(chain: str, rule: Rule, command: str = "-A") -> str:
    """One line for iptables-restore. command: ``-A``, ``-D`` or ``-I``."""
    if rule.target.startswith("-A "):
        return command + rule.target[2:]  # somebody else's, kept under its own text
    words = [command, chain]
    for option in ("-s", "-d", "-i", "-o", "-p"):
        value = getattr(rule, _FIELDS[option])
        if value is not None:
            words += ["!", option, value[1:]] if value.startswith("!") else [option, value]
    if rule.port is not None:
        words += ["-m", str(rule.protocol), "--dport", str(rule.port)]
    if rule.local_destination:
        words += ["-m", "addrtype", "--dst-type", "LOCAL"]
    if rule.states:
        words += ["-m", "conntrack", "--ctstate", ",".join(rule.states)]
    if rule.comment is not None:
        words += ["-m", "comment", "--comment", _quoted(rule.comment)]
    words += ["-j", rule.target]
    if rule.to is not None:
        words += [_TARGET_OPTIONS[rule.target], rule.to]
    return " ".join(words)


def parse_save(text: str) -> dict[str, dict[str, tuple[Rule, ...]]]:
    """What iptables-save printed, as table → chain → rules. A rule that says more than ours can is kept under its own text."""
    tables: dict[str, dict[str, list[Rule]]] = {}
    chains: dict[str, list[Rule]] = {}
    for line in text.split("\n"):
        if line.startswith("*"):
            chains = tables.setdefault(line[1:].strip(), {})
        elif line.startswith(":"):
            chains.setdefault(line[1:].split()[0], [])
        elif line.startswith("-A "):
            chains.setdefault(line.split()[1], []).append(_parse_rule(_words(line)[2:]) or Rule(target=line))
    return {table: {name: tuple(rules) for name, rules in chains.items()} for table, chains in tables.items()}


def _parse_rule(words: list[str]) -> Rule | None:
    """The rule in ``words``, or None where it holds something that a rule of ours never has."""
    values: dict[str, object] = {}
    negated = ""
    rest = iter(words)
    for word in rest:
        if word == "!":
            negated = "!"
            continue
        value = next(rest, "")
        if word in _FIELDS:
            values[_FIELDS[word]] = negated + _plain(value)
        elif negated:
            return None
        elif word == "-m" and value in ("addrtype", "conntrack", "comment", "tcp", "udp"):
            pass
        elif word == "--dport" and value.isdigit():
            values["port"] = int(value)
        elif word == "--dst-type" and value == "LOCAL":
            values["local_destination"] = True
        elif word == "--ctstate":
            values["states"] = tuple(sorted(value.split(",")))
        elif word == "-j":
            values["target"] = value
        elif word == _TARGET_OPTIONS.get(str(values.get("target"))):
            values["to"] = value
        else:
            return None
        negated = ""
    return Rule(**values) if "target" in values else None  # type: ignore[arg-type]


def _quoted(text: str) -> str:
    """``text`` as iptables-restore reads it and iptables-save writes it: in double quotes, where a backslash takes the next character as it is."""
    return '"' + re.sub(r"[\\\"']", r"\\\g<0>", text) + '"'


def _words(line: str) -> list[str]:
    """The words of a line of iptables-save."""
    found = re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^\s"])+', line)
    return [re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word for word in found]


def _plain(value: str) -> str:
    return value[:-3] if value.endswith("/32") else value


def restore_text(steps: Iterable[tuple[str, str]]) -> str:
    """Input for one ``iptables-restore --noflush``. steps: (table, line), each table's lines in order."""
    tables: dict[str, list[str]] = {}
    for table, line in steps:
        tables.setdefault(table, []).append(line)
    return "".join("\n".join([f"*{table}", *lines, "COMMIT", ""]) for table, lines in sorted(tables.items()))
