# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated identities: who has which role where, and how they prove it."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.common import v1 as common
from oaktreemodel.identity import v1 as identity

from oaktree.clouds import Outcome, Region, View
from oaktree.clouds.simulated import seed
from oaktree.clouds.simulated.areas.identity import IMPLIED, below
from oaktree.clouds.simulated.generic import Generic
from oaktree.failures import Code, Failure, invalid, not_found, violation
from oaktree.shapes import Kind, to_change

# How long a token is good for, in seconds.
TOKEN_LIFE = 4 * 3600


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def not_authenticated(text: str) -> Failure:
    return Failure(Code.UNAUTHENTICATED, "NOT_AUTHENTICATED", text)


def not_permitted(text: str) -> Failure:
    return Failure(Code.PERMISSION_DENIED, "NOT_PERMITTED", text)


class Identity(Generic):
    """The methods of identity that are not like all others."""

    def seed(self) -> None:
        super().seed()
        self.keep_secret(self.mean(identity.User, self.user_id, ""), "demo")
        for user, role, project in (("demo", "member", "demo"), ("admin", "admin", "admin")):
            self.assign(identity.CreateRoleAssignmentRequest(role=role, user=user, project=project))
        self.assign(identity.CreateRoleAssignmentRequest(role="admin", user="admin", system=True))

    def uid(self, *names: str) -> str:
        """The id of something that is there from the beginning."""
        return seed.uid(self.location.cloud, *names)

    # -- secrets ----------------------------------------------------------------------------------

    def keep_secret(self, of: Any, secret: str) -> None:
        """Keeps what is enough to know a password or the like again."""
        self.store.untold[type(of).__name__, of.id] = digest(secret)

    def forget_secret(self, of: Any) -> None:
        self.store.untold.pop((type(of).__name__, of.id), None)

    def knows(self, of: Any, secret: str) -> bool:
        kept = self.store.untold.get((type(of).__name__, of.id))
        return kept is not None and secrets.compare_digest(kept, digest(secret))

    def end_tokens(self, path: str, id_: str) -> None:
        """Ends the tokens that have this id in a field."""
        for key, kept in list(self.store.untold.items()):
            if isinstance(kept, identity.Token) and getattr(kept, path) == id_:
                del self.store.untold[key]

    # -- users and groups -------------------------------------------------------------------------

    async def update_user(self, request: identity.UpdateUserRequest, target: Any) -> Outcome:
        changes = to_change(request)
        outcome = self.update(identity.User, target, request)
        user: Any = outcome.resource
        if "password" in changes:
            self.forget_secret(user)
            if request.password:
                self.keep_secret(user, request.password)
        if "password" in changes or not user.is_enabled:
            self.end_tokens("user_id", user.id)
        for each in self.store.table(identity.GroupMember):
            if each.user_id == user.id:
                self.changed(each, lambda member: self.be_member(member, user))
        return outcome

    async def change_user_password(
        self, request: identity.ChangeUserPasswordRequest, target: Any
    ) -> Outcome:
        if not self.knows(target, request.present_password):
            raise not_authenticated("the present password is not accepted")
        self.check_unprotected(target, "lock_password")
        if request.new_password == request.present_password:
            raise invalid(violation("new_password", "was used before", "INVALID"))
        self.keep_secret(target, request.new_password)
        self.end_tokens("user_id", target.id)
        return Outcome(target)

    async def update_domain(self, request: identity.UpdateDomainRequest, target: Any) -> Outcome:
        outcome = self.update(identity.Domain, target, request)
        domain: Any = outcome.resource

        def show(project: Any) -> None:
            project.name, project.is_enabled = domain.name, domain.is_enabled

        self.store.change(identity.Project, domain.id, show)
        return outcome

    def be_member(self, member: Any, user: Any) -> None:
        member.name, member.domain_id = user.name, user.domain_id
        member.is_enabled = user.is_enabled

    async def add_group_member(
        self, request: identity.AddGroupMemberRequest, target: Any
    ) -> Outcome:
        user = self.mean(identity.User, request.user, "user")
        for each in self.children(identity.GroupMember, target):
            if each.user_id == user.id:
                return Outcome(each)
        member = self.make(
            identity.GroupMember, id=f"{target.id}/{user.id}", group_id=target.id, user_id=user.id
        )
        self.be_member(member, user)
        return Outcome(self.born(member))

    # -- role assignments -------------------------------------------------------------------------

    def assignment(self, request: Any) -> Any:
        """The role assignment that a request tells of by what is in it."""
        role = self.mean(identity.Role, request.role, "role")
        new = identity.RoleAssignment(location=common.Location(cloud=self.location.cloud))
        new.role_id, new.inherited, new.system = role.id, request.inherited, request.system
        if request.user:
            new.user_id = self.mean(identity.User, request.user, "user").id
        elif request.group:
            new.group_id = self.mean(identity.Group, request.group, "group").id
        domain = ""
        if request.project:
            project = self.mean(identity.Project, request.project, "project")
            new.project_id, domain = project.id, project.domain_id
        elif request.domain:
            new.domain_id = domain = self.mean(identity.Domain, request.domain, "domain").id
        if request.system and request.inherited:
            raise invalid(violation("inherited", "excludes system", "EXCLUSIVE"))
        if role.domain_id and role.domain_id != domain:
            raise invalid(violation("role", "belongs to another domain", "INVALID"))
        return self.told_of(new)

    def told_of(self, new: Any) -> Any:
        """The role assignment with its id, and with the names of what is in it."""
        scope = next(
            f"{kind}s/{id_}"
            for kind, id_ in (("project", new.project_id), ("domain", new.domain_id), ("", "-"))
            if id_
        ).replace("s/-", "system")
        who = f"users/{new.user_id}" if new.user_id else f"groups/{new.group_id}"
        new.id = f"{scope}/{who}/roles/{new.role_id}"
        if new.inherited:
            new.id += "/inherited"
        for kind in (identity.Role, identity.User, identity.Group, identity.Project):
            what = kind.DESCRIPTOR.name.lower()
            found = self.store.table(kind).get(getattr(new, f"{what}_id"))
            if found is not None:
                setattr(new, f"{what}_name", found.name)
                if what != "role":
                    setattr(new, f"{what}_domain_id", found.domain_id)
        domain = self.store.table(identity.Domain).get(new.domain_id)
        if domain is not None:
            new.domain_name = domain.name
        return new

    def assign(self, request: identity.CreateRoleAssignmentRequest) -> Any:
        new = self.assignment(request)
        table = self.store.table(identity.RoleAssignment)
        if table.get(new.id) is None:
            table.put(new)
        return table.get(new.id)

    async def create_role_assignment(
        self, request: identity.CreateRoleAssignmentRequest, target: None
    ) -> Outcome:
        return Outcome(self.assign(request))

    async def delete_role_assignment(
        self, request: identity.DeleteRoleAssignmentRequest, target: Any
    ) -> Outcome:
        if target is None:
            wanted = self.assignment(request)
            target = self.store.table(identity.RoleAssignment).get(wanted.id)
            if target is None:
                raise not_found(f"role assignment '{wanted.id}'", self.location)
        self.gone(target)
        self.end_what_lacks_its_role()
        return Outcome(target)

    def end_what_lacks_its_role(self) -> None:
        """Ends application credentials and tokens of roles that their users have no more."""
        for each in self.store.table(identity.ApplicationCredential):
            held = {role.id for role in self.roles(each.user_id, each.location.project.id)}
            if not {role.id for role in each.roles} <= held:
                self.gone(each)
        for key, kept in list(self.store.untold.items()):
            if isinstance(kept, identity.Token) and kept.roles:
                scope = kept.location.project.id, kept.domain_id, kept.system
                if not {r.id for r in kept.roles} <= {
                    r.id for r in self.roles(kept.user_id, *scope)
                }:
                    del self.store.untold[key]

    def as_asked(self, request: Message) -> Region:
        """For role assignments in effect, a view of those."""
        kinds_of = identity.ListRoleAssignmentsRequest | identity.WatchRoleAssignmentsRequest
        if not isinstance(request, kinds_of) or not request.effective:
            return super().as_asked(request)
        if request.filter.groups:
            text = "there are none in what is in effect"
            raise invalid(violation("filter.groups", text, "EXCLUSIVE"))
        if request.filter.domains and request.filter.inherited:
            text = "nothing on a domain is inherited in what is in effect"
            raise invalid(violation("filter.inherited", text, "EXCLUSIVE"))

        async def objects(kind: Kind, parent: Message | None) -> Sequence[Any]:
            await self.answer(kind)
            return list(self.effective())

        return View(self, "effective", objects)

    def effective(self) -> Iterable[Any]:
        """The roles that users have, whether given to them, to a group, above, or with another."""
        found: dict[str, Any] = {}
        # What was given right there tells more than the same by inheritance.
        given = sorted(self.store.table(identity.RoleAssignment), key=lambda each: each.inherited)
        for each in given:
            for user in self.assignees(each):
                for project in self.scopes(each):
                    for role in self.implied(each.role_id):
                        own = identity.RoleAssignment(
                            location=each.location,
                            role_id=role,
                            user_id=user,
                            project_id=project,
                            domain_id="" if each.inherited else each.domain_id,
                            system=each.system,
                        )
                        self.told_of(own)
                        own.inherited = each.inherited
                        found.setdefault(own.id, own)
        return found.values()

    def assignees(self, assignment: Any) -> list[str]:
        if assignment.user_id:
            return [assignment.user_id]
        members = self.store.table(identity.GroupMember)
        return [each.user_id for each in members if each.group_id == assignment.group_id]

    def scopes(self, assignment: Any) -> list[str]:
        """The projects in which an assignment is in effect; an empty one where it is in none."""
        if not assignment.inherited:
            return [assignment.project_id]
        if assignment.domain_id:
            projects = self.store.table(identity.Project)
            return [each.id for each in projects if each.domain_id == assignment.domain_id]
        parts = below(self, identity.Project, "parent_id", assignment.project_id)
        return [each.id for each in parts]

    def implied(self, role_id: str) -> Iterator[str]:
        """The role, and those that come with it."""
        roles = self.store.table(identity.Role)
        role = roles.get(role_id)
        while role is not None:
            yield role.id
            name = "" if role.domain_id else IMPLIED.get(role.name, "")
            role = next((r for r in roles if r.name == name and not r.domain_id), None)

    def roles(
        self, user_id: str, project_id: str, domain_id: str = "", system: bool = False
    ) -> list[Any]:
        """The roles that a user has somewhere."""
        scope = project_id, domain_id, system
        return [
            self.store.table(identity.Role).get(each.role_id)
            for each in self.effective()
            if each.user_id == user_id and (each.project_id, each.domain_id, each.system) == scope
        ]

    # -- credentials ------------------------------------------------------------------------------

    async def create_application_credential(
        self, request: identity.CreateApplicationCredentialRequest, target: None
    ) -> Outcome:
        if request.HasField("expire_time") and request.expire_time.seconds <= time.time():
            raise invalid(violation("expire_time", "has passed", "OUT_OF_RANGE"))
        held = self.roles(self.user_id, self.location.project.id)
        wanted = [self.mean(identity.Role, each, "roles") for each in request.roles] or held
        for role in wanted:
            if role not in held:
                text = f"the caller does not have '{role.name}' in the project"
                raise invalid(violation("roles", text, "INVALID"))
        new = self.new(identity.ApplicationCredential, None, name=request.name)
        new.location.project.CopyFrom(self.location.project)
        new.description, new.unrestricted = request.description, request.unrestricted
        if request.HasField("expire_time"):
            new.expire_time.CopyFrom(request.expire_time)
        for role in wanted:
            new.roles.add(id=role.id, name=role.name, domain_id=role.domain_id)
        new.access_rules.extend(self.access_rule(each) for each in request.access_rules)
        secret = request.secret or secrets.token_urlsafe(64)
        self.keep_secret(new, secret)
        return Outcome(self.born(new), answer={"secret": secret})

    def access_rule(self, spec: identity.AccessRuleSpec) -> Any:
        """The access rule that is meant; equal ones are one."""
        if spec.id:
            return self.mean(identity.AccessRule, spec.id, "access_rules")
        own = spec.service_type, spec.http_method, spec.path
        if not all(own):
            text = "needs service_type, http_method and path, or the id of one there is"
            raise invalid(violation("access_rules", text, "REQUIRED"))
        for each in self.store.table(identity.AccessRule):
            if (each.service_type, each.http_method, each.path) == own:
                return each
        new = self.make(identity.AccessRule)
        new.service_type, new.http_method, new.path = own
        return self.born(new)

    async def create_credential(
        self, request: identity.CreateCredentialRequest, target: None
    ) -> Outcome:
        new = self.make(identity.Credential)
        self.be_credential(new, request)
        return Outcome(self.born(new))

    async def create_ec2_credential(
        self, request: identity.CreateEc2CredentialRequest, target: None
    ) -> Outcome:
        keys = {"access": secrets.token_hex(16), "secret": secrets.token_hex(16)}
        wanted = identity.CreateCredentialRequest(
            type="ec2",
            blob=json.dumps(keys),
            user=request.user,
            project=request.project or self.location.project.id,
        )
        new = self.make(identity.Credential)
        self.be_credential(new, wanted)
        return Outcome(self.born(new), answer={"secret_key": keys["secret"]})

    def be_credential(self, new: Any, request: Any) -> None:
        """Gives a credential what a request says of it."""
        new.type, new.blob = request.type, request.blob
        new.user_id = self.user_id
        if request.user:
            new.user_id = self.mean(identity.User, request.user, "user").id
        if request.project:
            self.set_project(new, request.project)
        if new.type == "ec2":
            if not new.location.project.id:
                raise invalid(violation("project", "must be given for ec2", "REQUIRED"))
            new.name, new.secret_key = ec2_keys(new.blob)
            new.id = digest(new.name)
            there = self.store.table(identity.Credential).get(new.id)
            if there is not None:
                raise self.already(there)

    def set_project(self, credential: Any, name: str) -> None:
        project = self.mean(identity.Project, name, "project")
        credential.location.project.CopyFrom(self.project_of(project))

    def project_of(self, project: Any) -> common.Project:
        domain = self.store.table(identity.Domain).get(project.domain_id)
        return common.Project(
            id=project.id,
            name=project.name,
            domain_id=project.domain_id,
            domain_name=domain.name if domain is not None else "",
        )

    async def update_credential(
        self, request: identity.UpdateCredentialRequest, target: Any
    ) -> Outcome:
        changes = to_change(request)
        if "blob" in changes and target.type == "ec2":
            if ec2_keys(request.blob)[0] != target.name:
                raise invalid(violation("blob", "has another access key", "INVALID"))
        user = None
        if changes.get("user"):
            user = self.mean(identity.User, request.user, "user")

        def change(each: Any) -> None:
            each.type = changes.get("type", each.type)
            each.blob = changes.get("blob", each.blob)
            if each.type == "ec2":
                each.name, each.secret_key = ec2_keys(each.blob)
            if user is not None:
                each.user_id = user.id
            if changes.get("project"):
                self.set_project(each, changes["project"])

        return Outcome(self.changed(target, change))

    # -- tokens -----------------------------------------------------------------------------------

    async def create_token(self, request: identity.CreateTokenRequest, target: None) -> Outcome:
        new = identity.Token(
            location=common.Location(cloud=self.location.cloud), id=secrets.token_urlsafe(16)
        )
        new.issue_time.GetCurrentTime()
        new.issue_time.nanos = 0
        new.expire_time.seconds = new.issue_time.seconds + TOKEN_LIFE
        self.authenticate(new, request)
        self.scope(new, request)
        secret = f"gAAAAA{secrets.token_urlsafe(128)}"
        self.store.untold["token", digest(secret)] = new
        return Outcome(new, answer={"token_secret": secret})

    def authenticate(self, new: Any, request: Any) -> None:
        """Says in the token who has proved by what to be whom."""
        method = request.WhichOneof("method")
        if method == "password":
            own = request.password
            user = self.who(own.user, own.user_domain)
            if user is None or not self.knows(user, own.password):
                raise not_authenticated("the user or the password is not accepted")
            new.methods.append("password")
        elif method == "token_secret":
            origin = self.valid(request.token_secret)
            if origin is None:
                raise not_authenticated("the token is not accepted")
            if origin.application_credential_id:
                raise not_permitted("the token of an application credential has its scope only")
            user = self.store.table(identity.User).get(origin.user_id)
            new.audit_chain_id = origin.audit_chain_id or origin.id
            new.methods.extend([*origin.methods, *{"token"}.difference(origin.methods)])
            new.expire_time.CopyFrom(origin.expire_time)
        elif method == "application_credential":
            user = self.by_application_credential(new, request)
        else:
            user = self.store.table(identity.User).get(self.user_id)
            new.methods.append("password")
        if user is None or not user.is_enabled:
            raise not_authenticated("the user is disabled")
        if request.passcode:
            # Whoever has a second factor here has any that looks like one.
            if not (request.passcode.isdigit() and len(request.passcode) == 6):
                raise not_authenticated("the passcode is not accepted")
            new.methods.append("totp")
        rules = [set(each.methods) for each in user.multi_factor_auth_rules]
        if user.multi_factor_auth_enabled and rules and method == "password":
            if not any(rule <= set(new.methods) for rule in rules):
                lacking = sorted(sorted(rule - set(new.methods)) for rule in rules)
                needed = min(lacking, key=lambda names: len(names))
                raise not_authenticated(f"the user also needs {' and '.join(needed)}")
        self.be_of(new, user)

    def be_of(self, token: Any, user: Any) -> None:
        token.user_id, token.user_name = user.id, user.name
        token.user_domain_id = user.domain_id
        domain = self.store.table(identity.Domain).get(user.domain_id)
        token.user_domain_name = domain.name if domain is not None else ""
        if user.HasField("password_expire_time"):
            token.password_expire_time.CopyFrom(user.password_expire_time)

    def who(self, name: str, domain: str) -> Any:
        """The user of that id, or of that name in a domain; None where there is none."""
        users = self.store.table(identity.User)
        domains = self.store.table(identity.Domain)
        ids = {each.id for each in domains if domain in {each.id, each.name}}
        named = (each for each in users if each.name == name and each.domain_id in ids)
        return users.get(name) or next(named, None)

    def by_application_credential(self, new: Any, request: Any) -> Any:
        if request.WhichOneof("scope"):
            text = "is the project of the application credential"
            raise invalid(violation(request.WhichOneof("scope"), text, "EXCLUSIVE"))
        own = request.application_credential
        owner = self.who(own.user, own.user_domain)
        table = self.store.table(identity.ApplicationCredential)
        credential = table.get(own.application_credential) or next(
            (
                each
                for each in table
                if each.name == own.application_credential
                and owner is not None
                and each.user_id == owner.id
            ),
            None,
        )
        if credential is None or not self.knows(credential, own.secret):
            raise not_authenticated("the application credential or its secret is not accepted")
        if credential.HasField("expire_time") and credential.expire_time.seconds <= time.time():
            raise not_authenticated("the application credential has expired")
        new.methods.append("application_credential")
        new.application_credential_id = credential.id
        new.unrestricted = credential.unrestricted
        new.location.project.CopyFrom(credential.location.project)
        new.roles.extend(identity.TokenRole(id=r.id, name=r.name) for r in credential.roles)
        return self.store.table(identity.User).get(credential.user_id)

    def scope(self, new: Any, request: Any) -> None:
        """Says in the token what it is for, and with which roles."""
        if new.application_credential_id:
            return
        scope = request.WhichOneof("scope")
        if scope in {"system", "unscoped"} and not getattr(request, scope):
            raise invalid(violation(scope, "must not be false", "INVALID"))
        user = self.store.table(identity.User).get(new.user_id)
        projects = self.store.table(identity.Project)
        if scope == "unscoped" or (scope is None and not user.default_project_id):
            return
        if scope == "system":
            new.system = True
        elif scope == "domain":
            for domain in self.store.table(identity.Domain):
                if request.domain in {domain.id, domain.name}:
                    new.domain_id, new.domain_name = domain.id, domain.name
        else:
            wanted = request.project if scope else common.Project(id=user.default_project_id)
            if not wanted.domain_id and not wanted.domain_name:
                wanted = common.Project(
                    id=wanted.id, name=wanted.name, domain_id=new.user_domain_id
                )
            project = projects.get(wanted.id) or next(
                (each for each in projects if self.is_meant(wanted, each)), None
            )
            if project is not None and project.is_enabled:
                new.location.project.CopyFrom(self.project_of(project))
        nowhere = not (new.system or new.domain_id or new.location.project.id)
        held = []
        if not nowhere:
            held = self.roles(user.id, new.location.project.id, new.domain_id, new.system)
        if not held:
            raise not_authenticated("the user has no role there")
        new.roles.extend(identity.TokenRole(id=role.id, name=role.name) for role in held)

    def is_meant(self, wanted: common.Project, project: Any) -> bool:
        own = self.project_of(project)
        same_domain = wanted.domain_id == own.domain_id if wanted.domain_id else False
        same_domain = same_domain or bool(
            wanted.domain_name and wanted.domain_name == own.domain_name
        )
        return not wanted.id and wanted.name == own.name and same_domain

    def valid(self, secret: str) -> Any:
        """What a token stands for; None where it is none, or none any more."""
        found = self.store.untold.get(("token", digest(secret)))
        return found if found is not None and found.expire_time.seconds > time.time() else None

    async def get_token(self, request: identity.GetTokenRequest, target: None) -> Outcome:
        if request.token_secret:
            found = self.store.untold.get(("token", digest(request.token_secret)))
            if found is not None and not request.allow_expired:
                found = self.valid(request.token_secret)
            if found is None:
                raise not_found("such token: it has expired, was revoked, or never was one")
            return Outcome(found)
        own = identity.Token(location=self.location, id=self.uid("token"))
        own.location.region = ""
        own.methods.append("password")
        self.be_of(own, self.mean(identity.User, self.user_id, ""))
        for role in self.roles(self.user_id, self.location.project.id):
            own.roles.add(id=role.id, name=role.name)
        own.issue_time.seconds = seed.EPOCH
        own.expire_time.seconds = int(time.time()) + TOKEN_LIFE
        return Outcome(own)

    async def revoke_token(self, request: identity.RevokeTokenRequest, target: None) -> Outcome:
        found = self.valid(request.token_secret)
        self.store.untold.pop(("token", digest(request.token_secret)), None)
        return Outcome(found)


def ec2_keys(blob: str) -> tuple[str, str]:
    """The access key and the secret key in the blob of an EC2 credential."""
    try:
        keys = json.loads(blob)
        return str(keys["access"]), str(keys["secret"])
    except (ValueError, KeyError, TypeError):
        text = 'is no {"access": ..., "secret": ...}'
        raise invalid(violation("blob", text, "MALFORMED")) from None
