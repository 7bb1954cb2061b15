# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of one host of the inventory, read without templating a thousand hosts' variables for one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ansible.errors import AnsibleError
from ansible.parsing.vault import EncryptedString

from ...module_utils.model.problem import Problem
from ...module_utils.model.report import printable


class Template(Protocol):
    """Fills in the templates in ``given``. held: the variables that they may use. What is C(omit) is left out. Raises AnsibleError."""

    def __call__(self, given: dict[str, Any], held: Mapping[str, Any]) -> Mapping[str, Any]: ...


def as_given(given: dict[str, Any], held: Mapping[str, Any]) -> Mapping[str, Any]:
    """For variables that have no templates."""
    return given


def template_of(templar: Any) -> Template:
    """What fills in as an action's tasks have it. templar: that of the action."""
    return lambda given, held: templar.copy_with_new_env(available_variables=held).template(given)


class HostVariables:
    """One host's variables. A value is templated, which is slow, only where it holds a template, or text that is encrypted.

    held: as they are. hostvars: those of all hosts, which a template may refer to. unread: what could not be filled in.
    """

    def __init__(self, host: str, held: Mapping[str, Any], hostvars: Any, template: Template) -> None:
        self.host, self._held, self._hostvars, self._template = host, held, hostvars, template
        self._found: dict[str, dict[str, Any]] = {}
        self.unread: list[Problem] = []

    def get(self, name: str, otherwise: Any = None) -> Any:
        if name not in self._found:
            self._found[name] = self._read(name)
        return self._found[name].get(name, otherwise)

    def starting(self, name: str) -> dict[str, Any]:
        """Every variable of this name, or of this name and ``__ANYTHING``."""
        return {key: self.get(key) for key in self._held if key == name or key.startswith(f"{name}__")}

    def _read(self, name: str) -> dict[str, Any]:
        given = {name: self._held[name]} if name in self._held else {}
        if is_unread(given):
            # As in a task on that host. Ansible's own hostvars[host] knows no others, so that what refers to them could not be read there.
            try:
                given = dict(self._template(given, {**self._held, "hostvars": self._hostvars}))
            except AnsibleError as error:
                self.unread.append(Problem(self.host, name, "", f"it cannot be filled in: {printable(str(error))}"))
                given = {}
        return {key: plain(one) for key, one in given.items()}


def plain(value: Any) -> Any:
    """``value`` without what Ansible adds to strings and containers."""
    if isinstance(value, Mapping):
        return {plain(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def is_unread(value: Any) -> bool:
    """Whether only Ansible knows what is meant: a template, a vaulted text, or either inside."""
    if isinstance(value, Mapping):
        return any(is_unread(one) for pair in value.items() for one in pair)
    if isinstance(value, (list, tuple)):
        return any(is_unread(one) for one in value)
    return "{{" in value or "{%" in value if isinstance(value, str) else isinstance(value, EncryptedString)
