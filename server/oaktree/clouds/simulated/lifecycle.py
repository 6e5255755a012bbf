# SPDX-License-Identifier: Apache-2.0
"""The words in which it is said how simulated objects live. areas/ says it of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# What fields are set to, by their names. An enum is named by its value without the prefix; None
# clears. What has to be computed is a function of the region, the object and the request.
Fields = Mapping[str, Any]
Computed = Callable[[Any, Any, Any], Any]
# What refuses a change, from the same.
Check = Callable[[Any, Any, Any], None]


@dataclass(frozen=True)
class Step:
    """After this many seconds the fields are as given."""

    after: float
    fields: Fields


@dataclass(frozen=True)
class Thing:
    """How a kind of object lives."""

    # What a new one goes through; what one does after an update; what one that is being deleted
    # goes through before it is gone, and how long the last of that takes.
    birth: Sequence[Step] = ()
    change: Sequence[Step] = ()
    death: Sequence[Step] = ()
    dying: float = 0.0
    # What it comes to when what it goes through fails; by default its status becomes ERROR. By the
    # last word of the kind of the operation where they differ: {"delete": {...}}.
    failed: Mapping[str, Fields] = field(default_factory=dict)
    # The field that says how it is.
    status: str = "status"
    # The values of that in which nothing can be changed: IN_TRANSITION.
    busy: Sequence[str] = ()
    # What a new one has that nobody gave.
    fields: Fields = field(default_factory=dict)
    # Its id and name, where they are made of other fields: "{flavor_id}/{project_id}".
    id: str = ""
    name: str = ""
    # Whether its id tells it only from others that live in the same object.
    id_within: bool = False
    # Where a field of a request goes that is not called so in the object: {"node": "node_uuid"}.
    copies: Mapping[str, str] = field(default_factory=dict)
    # The kind of object that a field of a request refers to, where its name does not say it. Empty:
    # it refers to nothing that is looked for.
    refers: Mapping[str, str] = field(default_factory=dict)
    # Fields by which it is found as by its name: "mac_address". Those that hold the id of another
    # object are followed by the kind of that, whose name will do as well: "port_id port".
    also_called: Sequence[str] = ()
    # Fields that no two have alike: "name", or "name domain_id" together.
    unique: Sequence[str] = ()
    # What keeps it from being deleted: other kinds of objects, and where they hold its id:
    # "port.network_id".
    used_by: Sequence[str] = ()
    # Lists of the ids of those that refer to it, or of all they are: {"listener_ids":
    # "listener.load_balancer_id"}.
    lists: Mapping[str, str] = field(default_factory=dict)
    # All there are now, where they follow from other objects, and the kinds of those: looked at
    # again when any of them has changed, or always. One of a project has itself counted so.
    derived: Callable[[Any], Iterable[Any]] | None = None
    derived_from: Sequence[str] = ()
    # Those that are there from the beginning. References are by name, as in requests.
    seeds: Sequence[Fields] = ()
    # What else comes with a new one, or goes with a deleted one.
    made: Callable[[Any, Any, Any], None] | None = None
    unmade: Callable[[Any, Any], None] | None = None
    # What follows from each change of one: from the region, and how it was before and is after;
    # None where there is none.
    changed: Callable[[Any, Any, Any], None] | None = None
    # Other fields of the answer to Create.
    answers: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Action:
    """What an action leads to, besides what its name and the names of its fields say.

    Fields of the request that the object has are set. AddXTags, SetXMetadata and RemoveXRoutes
    change the list or map of that name.
    """

    # The statuses in which it is allowed; none means all.
    allowed: Sequence[str] = ()
    steps: Sequence[Step] = ()
    # The statuses in which there is nothing left to do.
    done: Sequence[str] = ()
    # What it sets at once.
    sets: Fields = field(default_factory=dict)
    # Where a field of the request goes that is not called so in the object; empty: nowhere.
    copies: Mapping[str, str] = field(default_factory=dict)
    refers: Mapping[str, str] = field(default_factory=dict)
    # The kind of object it makes from the request, and the field of that which refers to this one.
    makes: str = ""
    origin: str = ""
    # Other fields of the answer.
    answers: Fields = field(default_factory=dict)
    # All that it does, where none of that says it: from the region, the object and the request to
    # the object as known then.
    does: Computed | None = None


@dataclass(frozen=True)
class Query:
    """The fields of the answer to a question."""

    answers: Fields
