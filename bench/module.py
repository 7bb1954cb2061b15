# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of module ``topology`` in a fresh process: ``python module.py PAYLOAD``, parameters as JSON on standard input.

PAYLOAD is a zip archive with the sources, from which they are imported and compiled anew, as in every task of Ansible, whose wrapper has imported
``ansible.module_utils.basic`` before it comes to the module. The clock runs from the module's import to its result. Prints one line of JSON: the seconds,
how many of them it was at work on the host, from the plan's steps to the kernel's last answer, and whether it changed it.
"""

import io
import json
import sys
import time

sys.path.insert(0, sys.argv[1])
arguments = sys.stdin.buffer.read()
result = sys.stdout
sys.stdout = io.StringIO()

from ansible.module_utils import basic  # noqa: E402

basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = arguments, "legacy"
start = time.perf_counter()
from ansible_collections.mooring.cnm.plugins.modules import topology  # noqa: E402

converge = sys.modules[topology.checked_aim.__module__]  # imported by the module itself, after what keeps bytecode
apply, applying = converge._apply, 0.0


def timed(ops):
    global applying
    begun = time.perf_counter()
    apply(ops)
    applying += time.perf_counter() - begun


converge._apply = timed
try:
    topology.main()
except SystemExit:
    pass
seconds = time.perf_counter() - start
said = json.loads(sys.stdout.getvalue())
if said.get("failed"):
    sys.exit(said["msg"])
print(json.dumps({"seconds": seconds, "applying": applying, "changed": said["changed"]}), file=result)
