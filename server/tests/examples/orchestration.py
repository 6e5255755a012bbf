# SPDX-License-Identifier: Apache-2.0
"""Examples of orchestration."""

from __future__ import annotations

from typing import Any

from google.protobuf.duration_pb2 import Duration

TEMPLATE = """\
heat_template_version: 2021-04-16
description: Something that can be waited for
resources:
  handle:
    type: OS::Heat::WaitConditionHandle
"""

EXAMPLES: dict[str, dict[str, Any]] = {
    # Nobody waits for it, so that it can be given up.
    "CreateStackRequest": {
        "name": "walk-#",
        "template_text": TEMPLATE,
        "wait_timeout": Duration(nanos=1_000),
    },
    "CancelStackUpdateRequest": {"keep_changes": True},
    "UpdateStackRequest": {"repair": True},
    "ValidateTemplateRequest": {"template_text": TEMPLATE},
}
