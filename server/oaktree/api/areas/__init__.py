# SPDX-License-Identifier: Apache-2.0
"""What does not follow from the shape of the protos, by area.

The module of an area has what it needs of these:

ENDS: by the kind of an operation (server.create), when it is done and when it has failed. Most need
    no more than oaktree.api.ends.reaches("ACTIVE") or vanishes().
FILTERS: by the name of a filter and its field (PortFilter.subnets), how it matches where the name
    does not say: the path of the fields that hold the ids of what the field names, as
    "subnet: addresses.subnet_id", with "through node_id" where what is named has them in that
    field; a function of the object and the value; or oaktree.api.rules.Asks.
DEFAULTS: by the same names, what a filter that does not give the field lets through; with several
    fields after the dot, one that gives none of them.
NAMED_ONLY: by the name of a message, fields that come only when the read_mask names them.
NOT_LISTED: by the same, those of which that holds in lists and watches only.
UNMASKED: by the name of the request of an update, fields that its update_mask need not name.
UNOWNED: by the type of what need not belong to anybody, the id of the owner that is meant when a
    request does not say whose it is.
EXACTLY_ONE, AT_MOST_ONE: by the name of a message, groups of fields that exclude each other.
"""

from __future__ import annotations

import functools

from oaktree import tables

# One table of all areas.
gathered = functools.partial(tables.gathered, __name__)
