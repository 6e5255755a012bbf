# SPDX-License-Identifier: Apache-2.0
"""How the objects of container_infra live."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from typing import Any

from google.protobuf.duration_pb2 import Duration
from oaktreemodel.container_infra import v1 as container_infra
from oaktreemodel.image import v1 as image

from oaktree.clouds import Outcome
from oaktree.clouds.simulated.lifecycle import Action, Fields, Query, Step, Thing
from oaktree.failures import Failure, invalid, not_supported, violation
from oaktree.shapes import to_change, word_of

VERBS = ("CREATE", "UPDATE", "RESUME", "RESTORE", "ROLLBACK", "SNAPSHOT", "CHECK", "ADOPT")
BUSY = tuple(f"{verb}_IN_PROGRESS" for verb in ("CREATE", "UPDATE", "DELETE", "ROLLBACK"))
COMPLETE = tuple(f"{verb}_COMPLETE" for verb in VERBS)
VERSION = "v1.31.1"
# What each CA of a cluster signs for, by the cloud's words.
CAS = {"KUBERNETES": "kubernetes", "ETCD": "etcd", "FRONT_PROXY": "front-proxy"}


def failed(verb: str) -> Fields:
    return {"status": f"{verb}_FAILED", "status_reason": f"{verb} failed: this was asked for"}


def wrong(field: str, why: str) -> Failure:
    return invalid(violation(field, why, "INVALID"))


# -- cluster templates ----------------------------------------------------------------------------


def _distro(region: Any, template: Any, request: Any) -> str:
    known = region.store.table(image.Image).get(template.image_id)
    return str(known.os_distro) if known is not None else ""


def _check_image(region: Any, target: Any, request: Any) -> None:
    if request.image:
        known = region.mean(image.Image, request.image, "image")
        if not known.os_distro:
            raise wrong("image", "does not say its os_distro")


def _check_template_update(region: Any, template: Any, request: Any) -> None:
    _check_image(region, template, request)
    names = {*to_change(request)}
    if len(names) > 1 or names - {"name", "is_public", "is_hidden", "tags"}:
        region.check_unused(template)


# -- clusters and their node groups ---------------------------------------------------------------


def _template(region: Any, cluster: Any) -> Any:
    table = region.store.still(container_infra.ClusterTemplate)
    return table.get(cluster.cluster_template_id) or container_infra.ClusterTemplate()


def _as_template(name: str) -> Any:
    """What a cluster has of its template where the request does not say otherwise."""

    def find(region: Any, cluster: Any, request: Any) -> Any:
        template = _template(region, cluster)
        field = template.DESCRIPTOR.fields_by_name[name]
        absent = field.has_presence and not template.HasField(name)
        return None if absent else getattr(template, name)

    return find


def _count(name: str) -> Any:
    def find(region: Any, cluster: Any, request: Any) -> int:
        return getattr(request, name) if request.HasField(name) else 1

    return find


def _made_up(what: str) -> Any:
    def find(region: Any, resource: Any, request: Any) -> str:
        return f"{what}-{secrets.token_hex(4)}"

    return find


def _check_create(region: Any, target: None, request: Any) -> None:
    template = region.mean(
        container_infra.ClusterTemplate, request.cluster_template, "cluster_template"
    )
    balanced = template.is_master_lb_enabled
    if request.HasField("is_master_lb_enabled"):
        balanced = request.is_master_lb_enabled
    if request.HasField("master_count") and request.master_count < 1:
        raise wrong("master_count", "must be 1 at least")
    if request.master_count > 1 and not balanced:
        raise wrong("master_count", "needs is_master_lb_enabled to be more than 1")


def _grouped(region: Any, cluster: Any, request: Any) -> None:
    """Gives a new cluster its labels and the two node groups that it is made with."""
    template = _template(region, cluster)
    _label(cluster, template.labels, request)
    for name, role, count, flavor in (
        ("default-master", "master", cluster.master_count, cluster.master_flavor_id),
        ("default-worker", "worker", cluster.node_count, cluster.flavor_id),
    ):
        group = region.new(container_infra.NodeGroup, None, cluster, name=name, role=role)
        group.node_count, group.flavor_id, group.is_default = count, flavor, True
        group.min_node_count = 1 if role == "master" else 0
        group.image_id = template.image_id
        region.declare(group, {"status": "CREATE_IN_PROGRESS"})
        region.store.still(container_infra.NodeGroup).put(group)


def _label(new: Any, outer: Mapping[str, str], request: Any) -> None:
    given = dict(request.labels)
    if request.merge_labels or not given:
        new.labels.update({**outer, **given})
    new.labels_overridden.update(
        {key: outer[key] for key, value in given.items() if outer.get(key, value) != value}
    )
    new.labels_added.update({key: value for key, value in given.items() if key not in outer})
    new.labels_skipped.update({key: outer[key] for key in outer.keys() - new.labels.keys()})


def _groups(region: Any, cluster: Any) -> list[Any]:
    table = region.store.still(container_infra.NodeGroup)
    return [each for each in table if each.cluster_id == cluster.id]


def _workers(region: Any, cluster: Any, request: Any) -> int:
    return sum(
        each.node_count
        for each in _groups(region, cluster)
        if each.role != "master" and not word_of(each, "status").startswith("DELETE")
    )


def _addresses(region: Any, cluster: Any, request: Any) -> list[str]:
    own = [each for each in _groups(region, cluster) if each.is_default and each.role != "master"]
    return [f"10.0.1.{10 + each}" for each in range(own[0].node_count if own else 0)]


def _masters(region: Any, cluster: Any, request: Any) -> list[str]:
    return [f"10.0.0.{10 + each}" for each in range(cluster.master_count)]


def _followed(region: Any, before: Any, after: Any) -> None:
    """Has what lives in a cluster end as the cluster's change does."""
    if before is None or after is None or before.status == after.status:
        return
    word = word_of(after, "status")
    end = word.rpartition("_")[2]
    if end not in {"COMPLETE", "FAILED"}:
        return
    if word == "CREATE_COMPLETE":
        _certify(region, after)
    for each in _groups(region, after):
        verb, _, rest = word_of(each, "status").partition("_")
        if rest != "IN_PROGRESS":
            continue
        if (verb, end) == ("DELETE", "COMPLETE"):
            region.gone(each)
            continue
        told: dict[str, Any] = {"status": f"{verb}_{end}", "status_reason": after.status_reason}
        region.changed(each, lambda group, told=told: region.declare(group, told))


def _changes(region: Any, cluster: Any, what: str, fails: bool = False, **fields: Any) -> Any:
    """Has a cluster go through an update, at the end of which it has these fields."""
    region.check_idle(cluster)
    begun = {"status": "UPDATE_IN_PROGRESS", "status_reason": ""}
    cluster = region.changed(cluster, lambda each: region.declare(each, begun))
    end = {"status": "UPDATE_COMPLETE", "node_count": _workers, **fields}
    steps = [Step(0.4, {**end, "node_addresses": _addresses, "master_addresses": _masters})]
    region.goes_through(cluster, [Step(0.4, failed("UPDATE"))] if fails else steps, what)
    return cluster


def _check_state(region: Any, cluster: Any, *allowed: str) -> None:
    region.check_idle(cluster)
    word = word_of(cluster, "status")
    if word not in {*COMPLETE, *allowed}:
        raise region.wrong_state(cluster, f"{word}; what has failed cannot be changed so")


def _group(region: Any, cluster: Any, name: str) -> Any:
    """The node group that is meant; by default that of the workers."""
    groups = _groups(region, cluster)
    wanted = name or "default-worker"
    found = [each for each in groups if wanted in {each.id, each.name}]
    if not found:
        raise wrong("node_group", f"there is no node group '{name}' in the cluster")
    return found[0]


def _check_bounds(field: str, group: Any) -> None:
    low, count = group.min_node_count, group.node_count
    if count < low or (group.HasField("max_node_count") and count > group.max_node_count):
        most = group.max_node_count if group.HasField("max_node_count") else "any number"
        raise wrong(field, f"{count} nodes are not from {low} to {most}")


def _resized(region: Any, cluster: Any, request: Any) -> Outcome:
    _check_state(region, cluster, "UPDATE_FAILED")
    group = _group(region, cluster, request.node_group)
    if group.node_count == request.node_count and word_of(cluster, "status") != "UPDATE_FAILED":
        return Outcome(cluster)
    if group.role == "master":
        raise not_supported("it resizes no masters", region.location)
    trial = container_infra.NodeGroup()
    trial.CopyFrom(group)
    trial.node_count = request.node_count
    _check_bounds("node_count", trial)
    told = {"status": "UPDATE_IN_PROGRESS", "node_count": request.node_count}
    region.changed(group, lambda each: region.declare(each, told))
    return Outcome(_changes(region, cluster, "resize"), pending=True)


def _upgraded(region: Any, cluster: Any, request: Any) -> Outcome:
    _check_state(region, cluster)
    template = region.mean(
        container_infra.ClusterTemplate, request.cluster_template, "cluster_template"
    )
    group = _group(region, cluster, request.node_group)
    own = cluster.cluster_template_id == template.id
    if not group.is_default and not own:
        raise wrong("cluster_template", "is not the cluster's own: upgrade the default ones first")
    version = template.labels.get("kube_tag", VERSION)
    if own and group.version == version:
        return Outcome(cluster)

    def begin(each: Any) -> None:
        region.declare(each, {"status": "UPDATE_IN_PROGRESS"})
        each.version, each.image_id = version, template.image_id

    region.changed(group, begin)
    fields = {"cluster_template_id": template.id, "coe_version": version}
    return Outcome(_changes(region, cluster, "upgrade", **fields), pending=True)


def _deleted(region: Any, cluster: Any, request: Any) -> Outcome:
    if word_of(cluster, "status") == "DELETE_IN_PROGRESS":
        return Outcome(cluster, pending=True)
    for each in _groups(region, cluster):
        region.changed(each, lambda g: region.declare(g, {"status": "DELETE_IN_PROGRESS"}))
    outcome: Outcome = region.delete(container_infra.Cluster, cluster)
    return outcome


def _cluster_of(region: Any, group: Any) -> Any:
    return region.store.table(container_infra.Cluster).get(group.cluster_id)


def _group_made(region: Any, cluster: Any, request: Any) -> Outcome:
    region.check_idle(cluster)
    if request.role == "master":
        raise not_supported("it makes masters with the cluster only", region.location)
    if not cluster.api_url:
        raise region.wrong_state(cluster, "without an address of its API")
    new = region.new(container_infra.NodeGroup, request, cluster)
    new.role = new.role or "worker"
    new.node_count = request.node_count if request.HasField("node_count") else 1
    new.flavor_id = new.flavor_id or cluster.flavor_id
    new.image_id = new.image_id or _template(region, cluster).image_id
    new.version = cluster.coe_version
    _label(new, cluster.labels, request)
    _check_bounds("node_count", new)
    region.declare(new, {"status": "CREATE_IN_PROGRESS"})
    region.store.table(container_infra.NodeGroup).put(new)
    _changes(region, cluster, "create", region.is_to_fail(new, "create"))
    return Outcome(new, pending=True)


def _group_updated(region: Any, group: Any, request: Any) -> Outcome:
    cluster = _cluster_of(region, group)
    region.check_idle(cluster)
    trial = container_infra.NodeGroup()
    trial.CopyFrom(group)
    for name in ("min_node_count", "max_node_count"):
        if name in to_change(request):
            trial.ClearField(name)
            if request.HasField(name):
                setattr(trial, name, getattr(request, name))
    _check_bounds("min_node_count", trial)
    group = region.update(container_infra.NodeGroup, group, request).resource
    told = {"status": "UPDATE_IN_PROGRESS"}
    group = region.changed(group, lambda each: region.declare(each, told))
    _changes(region, cluster, "update", region.is_to_fail(group, "update"))
    return Outcome(group, pending=True)


def _group_deleted(region: Any, group: Any, request: Any) -> Outcome:
    cluster = _cluster_of(region, group)
    if group.is_default:
        raise region.protected(group, "the cluster was made with it, and goes with it")
    region.check_idle(cluster)
    told = {"status": "DELETE_IN_PROGRESS"}
    group = region.changed(group, lambda each: region.declare(each, told))
    _changes(region, cluster, "delete", region.is_to_fail(group, "delete"))
    return Outcome(group, pending=True)


# -- certificates ---------------------------------------------------------------------------------


def _pem(what: str) -> str:
    # Nothing ever talks to such a cluster, so random bytes are as good as a certificate.
    text = base64.b64encode(secrets.token_bytes(192)).decode()
    return f"-----BEGIN {what}-----\n{text}\n-----END {what}-----\n"


def _certify(region: Any, cluster: Any) -> None:
    """Gives a cluster new CAs."""
    if not _template(region, cluster).is_tls_enabled:
        return
    for kind, word in CAS.items():
        new = region.make(container_infra.ClusterCertificate, id=f"{cluster.id}/{word}")
        new.cluster_id, new.pem = cluster.id, _pem("CERTIFICATE")
        region.declare(new, {"ca_kind": kind})
        region.store.still(container_infra.ClusterCertificate).put(new)


def _authority(region: Any, cluster: Any, request: Any) -> Any:
    word = word_of(request, "ca_kind")
    word = request.ca_kind_raw if word == "OTHER" else CAS.get(word, "kubernetes")
    table = region.store.table(container_infra.ClusterCertificate)
    found = table.get(f"{cluster.id}/{word}")
    if found is None:
        raise region.wrong_state(cluster, f"without a CA for {word}")
    return found


def _signed(region: Any, cluster: Any, request: Any) -> Any:
    authority = _authority(region, cluster, request)
    if "BEGIN CERTIFICATE REQUEST" not in request.csr:
        raise wrong("csr", "is no certificate signing request in PEM")
    return container_infra.ClusterCertificate(
        location=cluster.location,
        cluster_id=cluster.id,
        ca_kind=authority.ca_kind,
        ca_kind_raw=authority.ca_kind_raw,
        csr=request.csr,
        pem=_pem("CERTIFICATE"),
    )


def _rotated(region: Any, cluster: Any, request: Any) -> Outcome:
    _check_state(region, cluster)
    if not _template(region, cluster).is_tls_enabled:
        raise region.wrong_state(cluster, "without TLS, and has no CA")
    cluster = _changes(region, cluster, "rotate")
    _certify(region, cluster)
    table = region.store.table(container_infra.ClusterCertificate)
    return Outcome(table.get(f"{cluster.id}/kubernetes"), pending=True, awaited=cluster)


def _kubeconfig(region: Any, cluster: Any, request: Any) -> Outcome:
    template = _template(region, cluster)
    if template.coe != "kubernetes":
        raise not_supported(f"the cluster runs {template.coe}", region.location)
    if not cluster.api_url:
        raise region.wrong_state(cluster, "without an address of its API")
    known = {"ca_certificate": "", "client_certificate": "", "client_key": ""}
    if template.is_tls_enabled:
        table = region.store.table(container_infra.ClusterCertificate)
        known["ca_certificate"] = table.get(f"{cluster.id}/kubernetes").pem
        known["client_certificate"] = _pem("CERTIFICATE")
        known["client_key"] = _pem("PRIVATE KEY")
    packed = {key: base64.b64encode(pem.encode()).decode() for key, pem in known.items()}
    name = cluster.name
    text = f"""apiVersion: v1
kind: Config
clusters:
- name: {name}
  cluster:
    server: {cluster.api_url}
    certificate-authority-data: {packed["ca_certificate"]}
users:
- name: admin
  user:
    client-certificate-data: {packed["client_certificate"]}
    client-key-data: {packed["client_key"]}
contexts:
- name: default
  context: {{cluster: {name}, user: admin}}
current-context: default
"""
    return Outcome(cluster, answer={"kubeconfig": text, **known})


THINGS = {
    "cluster_template": Thing(
        birth=[Step(0, {"cluster_distro": _distro})],
        change=[Step(0, {"cluster_distro": _distro})],
        fields={
            "name": _made_up("template"),
            "server_type": "VM",
            "driver": "k8s_fedora_coreos_v1",
            "network_driver": "flannel",
            "is_floating_ip_enabled": True,
            "is_tls_enabled": True,
        },
        used_by=["cluster.cluster_template_id"],
    ),
    "cluster": Thing(
        birth=[
            Step(0, {"status": "CREATE_IN_PROGRESS"}),
            Step(
                0.8,
                {
                    "status": "CREATE_COMPLETE",
                    "health_status": "HEALTHY",
                    "health_status_reason": {"api": "ok"},
                    "api_url": "https://192.0.2.10:6443",
                    "master_addresses": _masters,
                    "node_addresses": _addresses,
                },
            ),
        ],
        death=[Step(0, {"status": "DELETE_IN_PROGRESS"})],
        dying=0.4,
        failed={
            "create": failed("CREATE"),
            "resize": failed("UPDATE"),
            "upgrade": failed("UPDATE"),
            "rotate": failed("UPDATE"),
            "delete": failed("DELETE"),
        },
        busy=BUSY,
        fields={
            "name": _made_up("cluster"),
            "master_count": _count("master_count"),
            "node_count": _count("node_count"),
            "coe_version": VERSION,
            "create_timeout": Duration(seconds=3600),
            "stack_id": lambda region, cluster, request: secrets.token_hex(16),
            **{
                name: _as_template(name)
                for name in (
                    *("flavor_id", "master_flavor_id", "keypair_name", "fixed_network_id"),
                    *("fixed_subnet_id", "is_floating_ip_enabled", "is_master_lb_enabled"),
                    "docker_volume_size_gib",
                )
            },
        },
        made=_grouped,
        changed=_followed,
    ),
    "node_group": Thing(busy=BUSY, unique=["name cluster_id"]),
    "container_infra_service": Thing(
        seeds=[
            {
                "id": "1",
                "name": "magnum-conductor/host-1",
                "binary": "magnum-conductor",
                "host": "host-1",
                "state": "UP",
                "report_count": 8640,
            }
        ]
    ),
}

ACTIONS = {
    "DeleteCluster": Action(does=_deleted),
    "ResizeCluster": Action(does=_resized),
    "UpgradeCluster": Action(does=_upgraded),
    "CreateClusterKubeconfig": Action(does=_kubeconfig),
    "CreateNodeGroup": Action(does=_group_made),
    "UpdateNodeGroup": Action(does=_group_updated),
    "DeleteNodeGroup": Action(does=_group_deleted),
    "SignClusterCertificate": Action(does=_signed),
    "RotateClusterCertificate": Action(does=_rotated),
}
CHECKS = {
    "CreateClusterTemplate": _check_image,
    "UpdateClusterTemplate": _check_template_update,
    "CreateCluster": _check_create,
}

QUERIES = {"GetClusterCertificate": Query({"cluster_certificate": _authority})}

UPPER = {"ClusterStatus", "ClusterHealthStatus"}
WORDS = {
    "ClusterServerType": {"BARE_METAL": "bm"},
    "ClusterCaKind": CAS,
    "NodeGroupTaintEffect": {
        "NO_SCHEDULE": "NoSchedule",
        "PREFER_NO_SCHEDULE": "PreferNoSchedule",
        "NO_EXECUTE": "NoExecute",
    },
}
