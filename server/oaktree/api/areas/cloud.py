# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area cloud."""

from __future__ import annotations

from oaktree.api.ends import End, reaches
from oaktree.api.rules import Rule

ENDS: dict[str, End] = {
    # The oaktree itself carries it out, and tells more of it than its end.
    "project_cleanup.start": reaches("SUCCEEDED", field="state"),
}

FILTERS: dict[str, Rule] = {
    "CloudRegionFilter.service_types": lambda region, wanted: (
        set(wanted) <= set(region.service_types)
    ),
    # Those that are for all of a service are for this too.
    "CloudZoneFilter.resource_types": lambda zone, wanted: (
        not zone.resource_type or zone.resource_type in wanted
    ),
    "CatalogServiceFilter.types": lambda service, wanted: bool(
        {service.type, service.catalog_type} & set(wanted)
    ),
}

NAMED_ONLY = {"CatalogService": ["versions"]}
