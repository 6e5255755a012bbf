# SPDX-License-Identifier: Apache-2.0
"""How the objects of object_store live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from oaktreemodel.object_store import v1 as object_store

from oaktree.clouds.simulated.lifecycle import Fields, Thing
from oaktree.failures import invalid, reference_not_found, violation

POLICIES = ("default", "archive")
# What opens a container to everybody.
EVERYBODY = (".r:*", ".rlistings")

CAPABILITIES: Fields = {
    "version": "2.35.0",
    "storage_policies": [{"name": name, "is_default": name == POLICIES[0]} for name in POLICIES],
    "max_object_size_bytes": 5_368_709_122,
    "max_object_name_size_bytes": 1024,
    "max_container_name_size_bytes": 256,
    "max_metadata_count": 90,
    "max_metadata_key_size_bytes": 128,
    "max_metadata_value_size_bytes": 256,
    "max_metadata_size_bytes": 4096,
    "has_static_large_objects": True,
    "max_segments": 1000,
    "min_segment_size_bytes": 1,
    "has_dynamic_large_objects": True,
    "has_temporary_urls": True,
    "temporary_url_methods": ["GET", "HEAD", "PUT", "POST", "DELETE"],
    "temporary_url_digests": ["sha256", "sha512"],
    "has_bulk_delete": True,
    "max_bulk_deletes": 10_000,
    "has_object_versions": True,
    "has_version_containers": True,
    "has_symlinks": True,
    "has_container_quotas": True,
    "has_account_quotas": True,
    "has_static_websites": True,
}


def account_url(region: Any) -> str:
    place = f"{region.location.region}.{region.location.cloud}".lower()
    return f"https://object-store.{place}.test/v1/AUTH_{region.location.project.id}"


def with_access(entries: Sequence[str], is_public: bool) -> list[str]:
    """Who may read a container once everybody may, or not everybody may any more."""
    if is_public:
        return [*entries, *(each for each in EVERYBODY if each not in entries)]
    return [each for each in entries if not each.startswith(".r:") and each != EVERYBODY[1]]


def in_lower_case(resource: Any) -> None:
    """Swift takes the keys of metadata alike however they are written."""
    lower = {key.lower(): value for key, value in resource.metadata.items()}
    resource.metadata.clear()
    resource.metadata.update(lower)


def check_metadata(metadata: Mapping[str, str]) -> None:
    keys = [len(each.encode()) for each in metadata]
    values = [len(each.encode()) for each in metadata.values()]
    for name, most in (
        ("max_metadata_count", len(keys)),
        ("max_metadata_key_size_bytes", max(keys, default=0)),
        ("max_metadata_value_size_bytes", max(values, default=0)),
        ("max_metadata_size_bytes", sum(keys) + sum(values)),
    ):
        if most > CAPABILITIES[name]:
            text = f"is more than {name} allows, which is {CAPABILITIES[name]}"
            raise invalid(violation("metadata", text, "TOO_LARGE"))


def _count(limit: Any, used: int) -> None:
    limit.used = used
    limit.unlimited = not limit.HasField("limit")


def _containers(region: Any) -> Iterator[Any]:
    """The containers with what is in them."""
    there: dict[str, list[int]] = {}
    for each in region.store.table(object_store.Object):
        own = 0 if each.is_static_large_object else each.size_bytes
        there.setdefault(each.container_id, []).append(own)
    for each in region.store.table(object_store.Container):
        counted = object_store.Container()
        counted.CopyFrom(each)
        sizes = there.get(each.name, [])
        _count(counted.objects, len(sizes))
        _count(counted.size_bytes, sum(sizes))
        counted.is_public = EVERYBODY[0] in each.read_acl
        counted.is_listing_public = set(EVERYBODY) <= set(each.read_acl)
        yield counted


def _account(region: Any) -> list[Any]:
    """The account with what is in it."""
    region.derive(object_store.Container)
    account = object_store.Account()
    account.CopyFrom(region.single(object_store.Account))
    containers = list(region.store.table(object_store.Container))
    account.container_count = len(containers)
    _count(account.objects, sum(each.objects.used for each in containers))
    _count(account.size_bytes, sum(each.size_bytes.used for each in containers))
    account.ClearField("policies")
    for name in POLICIES:
        own = [each for each in containers if each.storage_policy == name]
        if own:
            told = account.policies.add(storage_policy=name, container_count=len(own))
            _count(told.objects, sum(each.objects.used for each in own))
            _count(told.size_bytes, sum(each.size_bytes.used for each in own))
    if not containers and not account.metadata and not account.temp_url_key:
        account.ClearField("create_time")
    elif not account.HasField("create_time"):
        account.create_time.GetCurrentTime()
    return [account]


def _opened(region: Any, container: Any, request: Any) -> None:
    """What a new container is from what its request says."""
    if request is None:
        return
    if request.storage_policy and request.storage_policy not in POLICIES:
        what = f"storage policy '{request.storage_policy}'"
        raise reference_not_found("storage_policy", what).at(region.location)
    ways = [request.is_versioned, request.versions_container, request.history_container]
    if sum(map(bool, ways)) > 1:
        text = "excludes the other ways of keeping versions"
        raise invalid(violation("is_versioned", text, "EXCLUSIVE"))
    for name in ("versions_container", "history_container"):
        if getattr(request, name):
            region.mean(object_store.Container, getattr(request, name), name)
    if "/" in request.name:
        raise invalid(violation("name", "has no slashes", "MALFORMED"))
    container.ClearField("is_versioned")
    if request.is_versioned:
        container.is_versioned = True
    in_lower_case(container)
    check_metadata(container.metadata)
    container.read_acl[:] = (
        with_access(container.read_acl, True) if request.is_public else list(container.read_acl)
    )
    container.is_public = EVERYBODY[0] in container.read_acl
    container.is_listing_public = set(EVERYBODY) <= set(container.read_acl)
    for limit in (container.objects, container.size_bytes):
        _count(limit, 0)


def _may_be_updated(region: Any, account: Any, request: Any) -> None:
    check_metadata({**request.merge_metadata, **request.metadata})


LIMITS = {"size_limit_bytes": "size_bytes", "object_limit": "objects"}

THINGS: dict[str, Thing] = {
    "account": Thing(
        id="AUTH_{location.project.id}",
        name="AUTH_{location.project.id}",
        fields={"url": lambda region, account, request: account_url(region)},
        copies=LIMITS,
        derived=_account,
    ),
    "object_store_capabilities": Thing(
        id="{location.cloud}/{location.region}", fields=CAPABILITIES
    ),
    "container": Thing(
        id="{name}",
        fields={"storage_policy": POLICIES[0]},
        copies=LIMITS,
        unique=["name"],
        made=_opened,
        derived=_containers,
        derived_from=["container", "object"],
    ),
    "object": Thing(id="{name}", id_within=True),
}

CHECKS = {"UpdateAccount": _may_be_updated}
