# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area identity."""

from __future__ import annotations

from collections.abc import Sequence

from oaktree.api.ends import End, vanishes
from oaktree.api.rules import Around, Asks, Predicate

ENDS: dict[str, End] = {
    # It is there as soon as it is seen.
    "role_assignment.create": End(lambda assignment, needs: True),
    "role_assignment.delete": vanishes(),
}


async def _meant(around: Around, type_: str, names: Sequence[str]) -> frozenset[str]:
    return frozenset[str]().union(*[await around.resolve(type_, name) for name in names])


async def _below(around: Around, names: Sequence[str]) -> frozenset[str]:
    """The ids of all projects below these."""
    projects = await around.all("project")
    above = await _meant(around, "project", names)
    found: frozenset[str] = frozenset()
    while above:
        above = frozenset(each.id for each in projects if each.parent_id in above) - found
        found |= above
    return found


async def _ancestors(around: Around, names: Sequence[str]) -> Predicate:
    ids = await _below(around, names)
    return lambda project: project.id in ids


async def _project_trees(around: Around, names: Sequence[str]) -> Predicate:
    ids = await _below(around, names) | await _meant(around, "project", names)
    return lambda assignment: assignment.project_id in ids


async def _users_with_a_role(around: Around, names: Sequence[str]) -> Predicate:
    users = await _meant(around, "user", names)
    held = await around.all("role_assignment", effective=True)
    ids = {each.project_id for each in held if each.user_id in users}
    return lambda project: project.id in ids


async def _members(around: Around, names: Sequence[str]) -> Predicate:
    users = await _meant(around, "user", names)
    ids = set()
    for group in await around.all("group"):
        if any(each.user_id in users for each in await around.all("group_member", group)):
            ids.add(group.id)
    return lambda group: group.id in ids


async def _of_service_types(around: Around, types: Sequence[str]) -> Predicate:
    ids = {each.id for each in await around.all("service") if each.type in types}
    return lambda endpoint: endpoint.service_id in ids


FILTERS = {
    "ProjectFilter.parents": "project: parent_id",
    "ProjectFilter.ancestors": Asks(_ancestors),
    "ProjectFilter.users": Asks(_users_with_a_role),
    "RoleAssignmentFilter.project_trees": Asks(_project_trees),
    "GroupFilter.users": Asks(_members),
    "EndpointFilter.service_types": Asks(_of_service_types),
    "UserFilter.identity_providers": "identity_provider: federated_identities.identity_provider",
    "UserFilter.protocols": "protocol: federated_identities.protocol",
    "UserFilter.unique_ids": "unique_id: federated_identities.unique_id",
}
DEFAULTS = {"ProjectFilter.is_domain": lambda project: not project.is_domain}

NAMED_ONLY = {"Credential": ["blob", "secret_key"]}
UNOWNED = {"role": ""}

EXACTLY_ONE = {
    "CreateRoleAssignmentRequest": [("user", "group"), ("project", "domain", "system")],
}
