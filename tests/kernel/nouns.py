# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel modules as tasks: check mode, the run and its twin, and what must hold for each of them."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump

Result = dict[str, Any]
MODULES = "ansible_collections.mooring.cnm.plugins.modules"


class Tasks:
    """Runs modules on the throw-away host that the test is in."""

    def __init__(self, host: Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.host = host
        self._capsys = capsys

    def _dump(self) -> dict[str, Any]:
        return {name: still(value) for name, value in dump(self.host).items()}

    def once(self, module: str, /, check: bool = False, **options: Any) -> Result:
        """One task, as it comes."""
        self._capsys.readouterr()
        with patch_module_args({**options, "_ansible_check_mode": check, "_ansible_diff": True}), pytest.raises(SystemExit):
            importlib.import_module(f"{MODULES}.{module}").main()
        return json.loads(self._capsys.readouterr().out)

    def refused(self, module: str, /, **options: Any) -> list[str]:
        """A task that fails and changes nothing: the paths and messages of its problems."""
        before = self._dump()
        result = self.once(module, **options)
        assert result.get("failed"), result
        check_same(before, self._dump)
        return [f"{one['path']}: {one['message']}" for one in result["problems"]] or [result["msg"]]

    def done(self, module: str, /, **options: Any) -> list[str]:
        """A task that succeeds: predicted without a change, done, left alone by its twin, and left alone when ``after`` is fed back. The ops."""
        before = self._dump()
        predicted = self.once(module, check=True, **options)
        assert not predicted.get("failed"), predicted["msg"]
        check_same(before, self._dump)
        result = self.once(module, **options)
        assert not result.get("failed"), result["msg"]
        assert (result["ops"], result["before"]) == (predicted["ops"], predicted["before"])
        assert result["changed"] is predicted["changed"] is bool(result["ops"])
        assert ("diff" in result) is result["changed"]
        again = self.once(module, **options)
        assert (again["changed"], again["ops"], again["before"], again["after"]) == (False, [], result["after"], result["after"])
        for back in (self.once(module, check=True, **result["after"]), self.once(module, **result["after"])):
            assert not back.get("failed"), back["msg"]
            assert (back["ops"], back["after"]) == ([], result["after"])
        assert _covers(result["after"], predicted["after"]), (predicted["after"], result["after"])
        return result["ops"]


def _covers(real: Any, predicted: Any) -> bool:
    """Whether all that was predicted is so. What the kernel chooses for a new link is not predicted."""
    if isinstance(predicted, dict):
        return all(name in real and _covers(real[name], value) for name, value in predicted.items())
    if isinstance(predicted, list):
        return len(real) == len(predicted) and all(map(_covers, real, predicted))
    return bool(real == predicted)


def still(value: Any) -> Any:
    """What a picture shows without what runs by itself: carriers, and all that the kernel makes for link-local addresses."""
    if isinstance(value, dict):
        return {name: still(inner) for name, inner in value.items() if name not in ("operstate", "flags")}
    if isinstance(value, list):
        return [still(inner) for inner in value if not (isinstance(inner, dict) and ("fe80" in str(inner.get("local") or inner.get("dst")) or "pref" in inner))]
    return value
