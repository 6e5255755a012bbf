# SPDX-License-Identifier: Apache-2.0
"""Examples of identity."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "CreateDomainRequest": {"name": "walk-#", "is_enabled": False},
    "CreateUserRequest": {"name": "walk-#", "password": "walk"},
    "ChangeUserPasswordRequest": {"present_password": "walk", "new_password": "changed"},
    "CreateRoleAssignmentRequest": {"user": "@user", "domain": "default"},
    "CreateApplicationCredentialRequest": {
        "name": "walk-#",
        "access_rules": [{"service_type": "dns", "http_method": "GET", "path": "/v2/zones"}],
    },
    "CreateCredentialRequest": {"type": "totp", "blob": "JBSWY3DPEHPK3PXP"},
}
