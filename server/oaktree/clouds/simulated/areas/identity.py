# SPDX-License-Identifier: Apache-2.0
"""How the objects of identity live: those of the whole cloud, whose changes are done at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from oaktreemodel.identity import v1 as identity

from oaktree.clouds.simulated.lifecycle import Fields, Thing
from oaktree.failures import invalid, violation
from oaktree.shapes import kinds, to_change, values_at

# Which role brings which other with it.
IMPLIED = {"admin": "member", "member": "reader"}


def takes(*where: str) -> Callable[[Any, Any], None]:
    """What goes with a deleted object: types, and the field that holds its id."""

    def unmade(region: Any, gone: Any) -> None:
        for each in where:
            type_, path = each.split(".", 1)
            for other in region.store.table(kinds()[type_]):
                if gone.id in values_at(other, path):
                    region.gone(other)

    return unmade


def below(region: Any, kind: Any, path: str, id_: str) -> Iterator[Any]:
    """What is in a tree below an object, of those that hold the id of the one above in a field."""
    for each in region.store.table(kind):
        if getattr(each, path) == id_:
            yield each
            yield from below(region, kind, path, each.id)


def _own_project(region: Any, project: Any, request: Any) -> str:
    return str(region.location.project.id)


def _domain(region: Any, new: Any, request: Any) -> str:
    """The domain of what nobody gave one: that of the project above, or that of the caller."""
    if getattr(new, "is_domain", False):
        return ""
    above = region.store.table(identity.Project).get(getattr(new, "parent_id", ""))
    return str(above.domain_id or above.id if above else region.location.project.domain_id)


def _shown_as_project(region: Any, domain: Any, request: Any) -> None:
    shown = region.new(identity.Project, None, id=domain.id, name=domain.name, is_domain=True)
    shown.is_enabled = domain.is_enabled
    region.born(shown)


def _password_kept(region: Any, user: Any, request: Any) -> None:
    if request.password:
        region.keep_secret(user, request.password)


def _user_gone(region: Any, user: Any) -> None:
    takes(
        "role_assignment.user_id",
        "group_member.user_id",
        "credential.user_id",
        "application_credential.user_id",
    )(region, user)
    region.forget_secret(user)
    region.end_tokens("user_id", user.id)


def _application_credential_gone(region: Any, credential: Any) -> None:
    region.forget_secret(credential)
    region.end_tokens("application_credential_id", credential.id)


def _project_fits(region: Any, target: None, request: Any) -> None:
    if not request.parent:
        return
    above = region.mean(identity.Project, request.parent, "parent")
    if request.domain:
        domain = region.mean(identity.Domain, request.domain, "domain")
        if domain.id not in {above.domain_id, above.id}:
            raise invalid(violation("parent", "is in another domain", "INVALID"))
    _all_enabled(region, above)


def _all_enabled(region: Any, project: Any) -> None:
    """Refuses what is to be below a disabled project."""
    while project is not None:
        if not project.is_enabled:
            raise region.refused(project, "WRONG_STATE", "is disabled: enable it first")
        project = region.store.table(identity.Project).get(project.parent_id)


def _project_may_change(region: Any, project: Any, request: Any) -> None:
    wanted = to_change(request).get("is_enabled", project.is_enabled)
    if wanted and not project.is_enabled:
        _all_enabled(region, region.store.table(identity.Project).get(project.parent_id))
    if not wanted:
        for each in below(region, identity.Project, "parent_id", project.id):
            if each.is_enabled:
                raise region.in_use(project, f"the project '{each.name}', which is enabled")


def _domain_is_disabled(region: Any, domain: Any, request: Any) -> None:
    if domain.is_enabled and not domain.is_immutable:
        raise region.refused(domain, "WRONG_STATE", "is enabled: disable it first")


def _region_is_no_part_of_itself(region: Any, target: Any, request: Any) -> None:
    wanted = to_change(request).get("parent_region")
    if not wanted:
        return
    above = region.mean(identity.Region, wanted, "parent_region")
    parts = below(region, identity.Region, "parent_region_id", target.id)
    if above.id == target.id or above.id in {each.id for each in parts}:
        raise invalid(violation("parent_region", "is itself or a part of itself", "INVALID"))


def _no_endpoints_below(region: Any, target: Any, request: Any) -> None:
    parts = {each.id for each in below(region, identity.Region, "parent_region_id", target.id)}
    for each in region.store.table(identity.Endpoint):
        if each.region_id in {*parts, target.id}:
            raise region.in_use(target, f"the endpoint '{each.id}'")


def _uid(*names: str) -> Callable[[Any, Any, Any], str]:
    return lambda region, new, request: region.uid(*names)


IN_DOMAIN: Fields = {"domain_id": _domain}

THINGS = {
    "domain": Thing(
        unique=["name"],
        made=_shown_as_project,
        unmade=takes(
            "project.domain_id",
            "project.id",
            "user.domain_id",
            "group.domain_id",
            "role.domain_id",
            "role_assignment.domain_id",
        ),
        seeds=[{"id": "default", "name": "Default", "description": "The default domain"}],
    ),
    "project": Thing(
        fields=IN_DOMAIN,
        refers={"parent": "project"},
        unique=["name domain_id"],
        used_by=["project.parent_id"],
        unmade=takes(
            "project.parent_id",
            "role_assignment.project_id",
            "application_credential.location.project.id",
        ),
        seeds=[
            {"id": "default", "name": "Default", "is_domain": True},
            {"id": _own_project, "name": "demo", "description": "What this oaktree works in"},
            {"id": _uid("project", "admin"), "name": "admin", "is_immutable": True},
            {"id": _uid("project", "service"), "name": "service"},
        ],
    ),
    "user": Thing(
        fields=IN_DOMAIN,
        unique=["name domain_id"],
        made=_password_kept,
        unmade=_user_gone,
        seeds=[
            {"id": _uid("user"), "name": "demo", "default_project": "demo"},
            {"id": _uid("user", "admin"), "name": "admin", "default_project": "admin"},
        ],
    ),
    "group": Thing(
        fields=IN_DOMAIN,
        unique=["name domain_id"],
        unmade=takes("role_assignment.group_id"),
    ),
    "group_member": Thing(also_called=["user_id"]),
    "role": Thing(
        unique=["name domain_id"],
        unmade=takes("role_assignment.role_id"),
        seeds=[
            {"name": "admin", "is_immutable": True},
            {"name": "member", "is_immutable": True},
            {"name": "reader", "is_immutable": True},
        ],
    ),
    "service": Thing(unmade=takes("endpoint.service_id")),
    "region": Thing(
        name="{id}",
        refers={"parent_region": "region"},
        unmade=takes("region.parent_region_id"),
    ),
    "application_credential": Thing(unique=["name user_id"], unmade=_application_credential_gone),
    "access_rule": Thing(
        used_by=["application_credential.access_rules.id"],
        seeds=[{"service_type": "compute", "http_method": "GET", "path": "/v2.1/servers"}],
    ),
}

CHECKS = {
    "CreateProject": _project_fits,
    "UpdateProject": _project_may_change,
    "DeleteDomain": _domain_is_disabled,
    "UpdateRegion": _region_is_no_part_of_itself,
    "DeleteRegion": _no_endpoints_below,
}
