# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area orchestration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oaktree.api.ends import End, upstream_failed
from oaktree.failures import Failure
from oaktree.shapes import word_of


def _state(stack: Any) -> tuple[str, str]:
    return word_of(stack, "action"), word_of(stack, "status")


def _failure(stack: Any) -> Failure:
    return upstream_failed(stack, " ".join(_state(stack)))


def _ends(action: str, rolls_back: bool = False, gone: bool = False) -> End:
    """Done when that action is complete; its failure is one, and so is that it was undone."""

    def done(stack: Any, needs: str) -> bool:
        return _state(stack) == (action, "COMPLETE")

    def failed(stack: Any, needs: str) -> Failure | None:
        now, status = _state(stack)
        undone = rolls_back and now == "ROLLBACK" and status in {"COMPLETE", "FAILED"}
        return _failure(stack) if undone or (now, status) == (action, "FAILED") else None

    def given_up(stack: Any, needs: str) -> bool:
        now, status = _state(stack)
        if "cancelled" in stack.status_reason and status != "IN_PROGRESS":
            return rolls_back and now in {action, "ROLLBACK"}
        return now not in {action, "ROLLBACK" if rolls_back else action}

    return End(done, failed, given_up, gone)


def _cancelled(stack: Any, needs: str) -> bool:
    action, status = _state(stack)
    if needs:
        return action in {"UPDATE", "CREATE"} and status == "FAILED"
    return (action, status) == ("ROLLBACK", "COMPLETE")


def _not_cancelled(stack: Any, needs: str) -> Failure | None:
    return _failure(stack) if _state(stack) == ("ROLLBACK", "FAILED") else None


ENDS: dict[str, End] = {
    "stack.create": _ends("CREATE", rolls_back=True),
    "stack.update": _ends("UPDATE", rolls_back=True),
    "stack.delete": _ends("DELETE", gone=True),
    "stack.check": _ends("CHECK"),
    "stack.suspend": _ends("SUSPEND"),
    "stack.resume": _ends("RESUME"),
    "stack.cancel_update": End(
        _cancelled,
        _not_cancelled,
        needs=lambda request, stack: "keep" if request.keep_changes else "",
    ),
}

FILTERS: dict[str, str | Callable[[Any, Any], bool]] = {
    "StackFilter.include_nested": lambda stack, wanted: True,
    "StackFilter.include_hidden": lambda stack, wanted: True,
    "StackFilter.include_deleted": lambda stack, wanted: True,
    "StackEventFilter.happened_since": lambda event, wanted: (
        event.event_time.ToNanoseconds() >= wanted.ToNanoseconds()
    ),
}
DEFAULTS: dict[str, Callable[[Any], bool]] = {
    "StackFilter.include_nested": lambda stack: not stack.parent_stack_id,
    "StackFilter.include_deleted": lambda stack: not stack.HasField("delete_time"),
}

NAMED_ONLY = {
    "StackResource": ["attributes", "metadata"],
    "StackEvent": ["resource_properties"],
}
NOT_LISTED = {
    "Stack": ["description", "is_rollback_enabled", "timeout", "parameters", "outputs"],
    "StackResource": ["description"],
    "StackEvent": ["resource_type"],
}
UNMASKED = {"UpdateStackRequest": ["environment_files", "replace_inputs", "converge", "repair"]}

EXACTLY_ONE = {
    "CreateStackRequest": [("template_text", "template_url")],
    "ValidateTemplateRequest": [("template_text", "template_url")],
}
AT_MOST_ONE = {
    "UpdateStackRequest": [
        ("template_text", "template_url"),
        ("environment", "environment_files"),
    ],
    "CreateStackRequest": [("environment", "environment_files")],
    "ValidateTemplateRequest": [("environment", "environment_files")],
}
