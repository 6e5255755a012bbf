# SPDX-License-Identifier: Apache-2.0
"""How the objects of each area live: data, so that a resource is simulated by saying how it lives.

What no area says anything about lives too: it is made from its request, is there at once, can be
changed, and is gone when it is deleted. Fields of a request that the object has are copied,
messages field by field; "string network" goes into network_id, by the id or exact name of a
network, and "repeated string subnets" into subnet_ids. Children live in what field 3 of their
requests names, and go with it. What is asked for without a name, as a quota is, there is one of in
each region. So the module of an area, named as the area is, says only what does not go by itself:

THINGS: by the type of a resource, its Thing: states and times (birth, change, death, dying), what a
    new one has (fields, seeds), where fields go that are called otherwise (copies, refers), what
    there is only once (unique, id), what refuses a deletion (used_by).
ACTIONS: by the name of a method, its Action: allowed states, steps, what it sets, what it makes. An
    action needs none where its name and its fields say all: AddXTags, SetXMetadata, UpdateX.
CHECKS: by the name of a method, a function of the region, the object and the request that refuses
    what those do not.
QUERIES: by the name of a method, its Query.
EXPORTS: by the name of a download of text, a function of the region and the object to its parts.
UPPER: enums whose words are upper case in the cloud; all others are lower case.
WORDS: by the name of an enum, the words of the cloud that do not follow from the values.

    THINGS = {
        "zone": Thing(
            birth=[Step(0, {"status": "PENDING"}), Step(0.3, {"status": "ACTIVE"})],
            death=[Step(0, {"status": "PENDING", "action": "DELETE"})],
            dying=0.2,
            fields={"ttl_seconds": 3600, "serial": 1},
            unique=["name"],
        ),
    }

What is slow also needs its end: see oaktree.api.areas. What no data can say is what an Action does,
or a method of a class in this package, named as the RPC is; its resource counts as simulated in
depth then.
"""

from __future__ import annotations

import functools

from oaktree import tables
from oaktree.clouds.simulated.lifecycle import Action, Check, Query, Thing

# One table of all areas.
gathered = functools.partial(tables.gathered, __name__)


@functools.cache
def upper() -> frozenset[str]:
    """The enums whose words are upper case."""
    return frozenset().union(*tables.declared(__name__, "UPPER"))


def thing(type_: str) -> Thing:
    """How objects of a type live."""
    found: Thing = gathered("THINGS").get(type_, PLAIN)
    return found


def action(method: str) -> Action | None:
    found: Action | None = gathered("ACTIONS").get(method)
    return found


def check(method: str) -> Check | None:
    found: Check | None = gathered("CHECKS").get(method)
    return found


def query(method: str) -> Query | None:
    found: Query | None = gathered("QUERIES").get(method)
    return found


PLAIN = Thing()
