# SPDX-License-Identifier: Apache-2.0
"""The tables of the surface say of everything whether it is carried, and what they say is so."""

from __future__ import annotations

import dataclasses

import pytest
from surface import PAGE, TABLES, Row, Surface, judge, page

SURFACE = Surface.of(TABLES)


def test_everything_is_carried_or_declined() -> None:
    verdict = judge(SURFACE)
    assert verdict.complaints == []
    assert sum(verdict.carried.values()) > 1000


def test_shade_is_there_as_a_whole() -> None:
    # Nobody adds to it any more.
    libraries = [row["library"] for rows in SURFACE.methods.values() for row in rows]
    assert libraries.count("shade") == 298


def test_the_page_is_what_the_tables_come_to() -> None:
    assert PAGE.read_text() == page(judge(SURFACE)), "run tests/surface/surface.py --write"


def methods(**row: str) -> Surface:
    return dataclasses.replace(SURFACE, methods={"network": [made("methods", row)]}, consumers=[])


def fields(**row: str) -> Surface:
    return dataclasses.replace(SURFACE, fields={"network": [made("fields", row)]})


def consumers(**row: str) -> Surface:
    return dataclasses.replace(SURFACE, consumers=[made("consumers", row)])


def resources(**row: str) -> Surface:
    return dataclasses.replace(SURFACE, resources=[made("resources", row)], fields={}, consumers=[])


def made(kind: str, row: Row) -> Row:
    columns = {
        "methods": "library method rpc declined",
        "fields": "resource field sdk wire declined",
        "consumers": "consumer unit methods resources declined",
        "resources": "service resource messages declined",
    }
    return dict.fromkeys(columns[kind].split(), "") | {"at": "here"} | row


@pytest.mark.parametrize(
    "surface, complaint",
    [
        (methods(method="m"), "neither carried nor declined"),
        (methods(method="m", rpc="network.RouterService.GetRouter", declined="d"), "both"),
        (methods(method="m", rpc="network.RouterService.Route"), "there is no RPC"),
        (resources(resource="router"), "neither carried nor declined"),
        (resources(resource="router", messages="network.Ruter"), "there is no message"),
        (fields(resource="router", field="frobs"), "neither carried nor declined"),
        (fields(resource="router", field="name", declined="d"), "is declined, and yet"),
        (fields(resource="ruter", field="name"), "resources.csv has no ruter"),
        (consumers(consumer="c", unit="u", methods="frob"), "calls frob"),
        (consumers(consumer="c", unit="u", resources="frob"), "manages frob"),
    ],
)
def test_a_wrong_row_is_told(surface: Surface, complaint: str) -> None:
    told = judge(surface).complaints
    assert len(told) == 1 and complaint in told[0]
