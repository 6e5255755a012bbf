# SPDX-License-Identifier: Apache-2.0
"""Who has which role where, how they prove it, and that no secret is told twice."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from conftest import Client, refused
from oaktreemodel.common import v1 as common
from oaktreemodel.identity import v1 as identity

from oaktree.shapes import method_named

BIRCH = common.Location(cloud="birch")


class Keystone:
    """The services of identity, in one cloud."""

    def __init__(self, client: Client) -> None:
        self._channel = client.channel

    def __getattr__(self, name: str) -> Any:
        """A call of the method, with the fields of its request."""
        method = method_named(name)
        channel: Any = self._channel
        form = channel.unary_stream if method.server_streams else channel.unary_unary
        call = form(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        where: dict[str, Any] = {"location": BIRCH}
        if method.request_has("locations"):
            where = {"locations": [BIRCH]}
        return lambda **fields: call(method.request(**where, **fields))


@pytest.fixture
def keystone(client: Client) -> Keystone:
    return Keystone(client)


async def new_user(keystone: Keystone, name: str = "ada", **fields: Any) -> Any:
    return (await keystone.CreateUser(name=name, password="first", **fields)).user


def by_password(user: Any, password: str = "first") -> identity.PasswordMethod:
    return identity.PasswordMethod(user=user.id, password=password)


async def test_who_the_caller_is_can_be_asked(keystone: Keystone) -> None:
    own = (await keystone.GetToken()).token
    assert (own.user_name, own.location.project.name) == ("demo", "demo")
    assert {role.name for role in own.roles} == {"member", "reader"}
    me = (await keystone.GetUser(name_or_id=own.user_id)).user
    assert me.name == "demo"


async def test_a_token_lives_until_it_is_revoked(keystone: Keystone) -> None:
    made = await keystone.CreateToken(
        password=identity.PasswordMethod(user="demo", user_domain="Default", password="demo"),
        request_id="once",
    )
    assert list(made.token.methods) == ["password"]
    again = await keystone.CreateToken(
        password=identity.PasswordMethod(user="demo", user_domain="Default", password="demo"),
        request_id="once",
    )
    assert again.token == made.token
    assert not again.token_secret
    secret = made.token_secret
    assert (await keystone.GetToken(token_secret=secret)).token == made.token
    narrower = await keystone.CreateToken(token_secret=secret, unscoped=True)
    assert narrower.token.audit_chain_id == made.token.id
    assert not narrower.token.roles
    assert (await keystone.RevokeToken(token_secret=secret)).token.id == made.token.id
    assert not (await keystone.RevokeToken(token_secret=secret)).HasField("token")
    assert (await refused(keystone.GetToken(token_secret=secret))).reason == "NOT_FOUND"


async def test_a_wrong_password_or_scope_is_refused_and_not_logged(
    keystone: Keystone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    user = await new_user(keystone)
    wrong = await refused(keystone.CreateToken(password=by_password(user, "not-this-one")))
    assert wrong.reason == "NOT_AUTHENTICATED"
    nothing = await keystone.CreateToken(password=by_password(user))
    assert not nothing.token.location.project.id
    nowhere = await refused(
        keystone.CreateToken(password=by_password(user), project=common.Project(name="demo"))
    )
    assert nowhere.reason == "NOT_AUTHENTICATED"
    assert "not-this-one" not in f"{wrong} {caplog.text}"


async def test_a_new_password_ends_the_tokens(keystone: Keystone) -> None:
    user = await new_user(keystone)
    secret = (await keystone.CreateToken(password=by_password(user))).token_secret
    change = {"name_or_id": user.id, "new_password": "second"}
    wrong = await refused(keystone.ChangeUserPassword(present_password="third", **change))
    assert wrong.reason == "NOT_AUTHENTICATED"
    await keystone.ChangeUserPassword(present_password="first", **change)
    assert (await refused(keystone.GetToken(token_secret=secret))).reason == "NOT_FOUND"
    assert (await keystone.CreateToken(password=by_password(user, "second"))).token_secret


async def test_a_locked_password_stays(keystone: Keystone) -> None:
    user = await new_user(keystone, lock_password=True)
    kept = keystone.ChangeUserPassword(
        name_or_id=user.id, present_password="first", new_password="second"
    )
    assert (await refused(kept)).reason == "PROTECTED"


async def test_a_domain_narrows_a_name(keystone: Keystone) -> None:
    domain = (await keystone.CreateDomain(name="other")).domain
    users = [await new_user(keystone), await new_user(keystone, domain="other")]
    both = await refused(keystone.GetUser(name_or_id="ada"))
    assert both.reason == "MULTIPLE_MATCHES"
    found = (await keystone.GetUser(name_or_id="ada", domain="other")).user
    assert (found.id, found.domain_id) == (users[1].id, domain.id)
    await keystone.CreateRole(name="member", domain="other")
    assert not (await keystone.GetRole(name_or_id="member")).role.domain_id
    assert (await keystone.GetRole(name_or_id="member", domain="other")).role.domain_id
    assert (await refused(keystone.GetRole(name_or_id="member", domain="Default"))).reason


async def test_what_is_in_effect_is_told(keystone: Keystone) -> None:
    user = await new_user(keystone)
    await keystone.CreateProject(name="top")
    below = (await keystone.CreateProject(name="below", parent="top")).project
    await keystone.CreateGroup(name="team")
    await keystone.AddGroupMember(group="team", user=user.id)
    given = await keystone.CreateRoleAssignment(
        role="member", group="team", project="top", inherited=True, wait=True
    )
    assert given.role_assignment.id.endswith("/inherited")
    of_user = identity.RoleAssignmentFilter(users=[user.id])
    assert not (await keystone.ListRoleAssignments(filter=of_user)).role_assignments
    held = await keystone.ListRoleAssignments(filter=of_user, effective=True)
    told = {(each.role_name, each.project_id, each.inherited) for each in held.role_assignments}
    assert told == {("member", below.id, True), ("reader", below.id, True)}
    events = [
        event
        async for answer in keystone.WatchRoleAssignments(
            filter=of_user, effective=True, snapshot_only=True
        )
        for event in answer.events
        if event.HasField("role_assignment")
    ]
    assert len(events) == 2
    trees = identity.RoleAssignmentFilter(project_trees=["top"])
    assert len((await keystone.ListRoleAssignments(filter=trees)).role_assignments) == 1
    for wanted in (
        identity.ProjectFilter(users=["ada"]),
        identity.ProjectFilter(ancestors=["top"]),
    ):
        projects = (await keystone.ListProjects(filter=wanted)).projects
        assert [each.id for each in projects] == [below.id]
    groups = await keystone.ListGroups(filter=identity.GroupFilter(users=["ada"]))
    assert [each.name for each in groups.groups] == ["team"]
    same = {"role": "member", "group": "team", "project": "top", "inherited": True}
    await keystone.DeleteRoleAssignment(**same, wait=True)
    assert (await refused(keystone.DeleteRoleAssignment(**same))).reason == "NOT_FOUND"
    assert not (await keystone.DeleteRoleAssignment(**same, missing_ok=True)).HasField("operation")


async def test_an_application_credential_authenticates_until_its_role_is_gone(
    keystone: Keystone,
) -> None:
    rule = {"service_type": "dns", "http_method": "GET", "path": "/v2/zones"}
    made = await keystone.CreateApplicationCredential(
        name="ci", roles=["reader"], access_rules=[rule], request_id="ci"
    )
    assert made.secret
    again = await keystone.CreateApplicationCredential(
        name="ci", roles=["reader"], access_rules=[rule], request_id="ci"
    )
    assert again.application_credential == made.application_credential
    assert not again.secret
    by = identity.ApplicationCredentialMethod(
        application_credential=made.application_credential.id, secret=made.secret
    )
    token = (await keystone.CreateToken(application_credential=by)).token
    assert [role.name for role in token.roles] == ["reader"]
    used = made.application_credential.access_rules[0].id
    assert (await refused(keystone.DeleteAccessRule(name_or_id=used))).reason == "IN_USE"
    beyond = keystone.CreateApplicationCredential(name="more", roles=["admin"])
    assert (await refused(beyond)).reason == "INVALID_REQUEST"
    other = await keystone.ListApplicationCredentials(user="admin")
    assert not other.application_credentials
    await keystone.DeleteRoleAssignment(role="member", user="demo", project="demo")
    assert not (await keystone.ListApplicationCredentials()).application_credentials
    gone = await refused(keystone.CreateToken(application_credential=by))
    assert gone.reason == "NOT_AUTHENTICATED"
    await keystone.DeleteAccessRule(name_or_id=used)


async def test_a_secret_key_comes_only_when_it_is_named(keystone: Keystone) -> None:
    made = await keystone.CreateEc2Credential()
    assert made.secret_key
    assert not made.credential.secret_key
    named = {"name_or_id": made.credential.name}
    assert not (await keystone.GetCredential(**named)).credential.blob
    told = await keystone.GetCredential(**named, read_mask={"paths": ["secret_key"]})
    assert told.credential.secret_key == made.secret_key


async def test_projects_keep_their_order(keystone: Keystone) -> None:
    await keystone.CreateProject(name="top")
    await keystone.CreateProject(name="below", parent="top")
    assert (await refused(keystone.DeleteProject(name_or_id="top"))).reason == "IN_USE"
    off = await refused(keystone.UpdateProject(name_or_id="top", is_enabled=False))
    assert off.reason == "IN_USE"
    for name in ("below", "top"):
        await keystone.UpdateProject(name_or_id=name, is_enabled=False)
    on = await refused(keystone.UpdateProject(name_or_id="below", is_enabled=True))
    assert on.reason == "WRONG_STATE"
    await keystone.UpdateProject(name_or_id="top", is_immutable=True)
    assert (await refused(keystone.DeleteProject(name_or_id="top"))).reason == "PROTECTED"
    await keystone.DeleteProject(name_or_id="below")
