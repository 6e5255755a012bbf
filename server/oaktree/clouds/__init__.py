# SPDX-License-Identifier: Apache-2.0
"""What a cloud must answer.

A driver gives one Region for each region of each cloud and project it has credentials for. It
answers in the messages of the model and fails with Failure; it knows nothing of gRPC, of pages and
tokens, of several clouds, or of waiting.
"""

from __future__ import annotations

import abc
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common

from oaktree.failures import not_supported
from oaktree.shapes import Kind, snake, spoken_name


@dataclass(frozen=True)
class Outcome:
    """What a change led to."""

    # The object as known now; None where a change is about no single one.
    resource: Message | None = None
    # Whether the cloud is still at work on it.
    pending: bool = False
    # The object whose state tells when it is done, where that is not the resource.
    awaited: Message | None = None
    # What else the answer of the method has, by the names of its fields.
    answer: Mapping[str, object] = field(default_factory=dict)
    # The ids of the cloud's own requests.
    upstream_request_ids: Sequence[str] = ()


class Region(abc.ABC):
    """One region of one cloud, with the credentials of one project: the unit of a fan-out."""

    # Where it is: cloud, region and project.
    location: common.Location
    # What it is, whatever it is called: two with the same identity are asked once.
    identity: Hashable
    # The names of its availability zones.
    zones: Sequence[str] = ()
    # How often it may be asked whether something has changed, in seconds.
    poll_interval: float = 2.0
    # Which view of it this is; empty for itself.
    view: str = ""

    def identity_of(self, kind: Kind) -> Hashable:
        """What it is for objects of this kind: what a cloud has as a whole is in no region."""
        return self.identity

    def as_asked(self, request: Message) -> Region:
        """The region as a request wants to see it that reads; itself, but for a few."""
        return self

    @abc.abstractmethod
    async def page(
        self,
        kind: Kind,
        *,
        after: str = "",
        limit: int = 1000,
        parent: Message | None = None,
        wanted: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Sequence[Message]:
        """Lists in the order of ids.

        after: the id to begin after. limit: how many at the most. parent: the object they live in.
        wanted: the filter of the request; what the cloud can do of it, it does, and the caller does
        all of it again. fields: the fields that are needed, None for all but extra.
        Fewer than limit means there are no more.
        """

    @abc.abstractmethod
    async def get(
        self,
        kind: Kind,
        id_: str,
        *,
        parent: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Message | None:
        """The object with this id, or None. parent: the object it lives in, where that is known."""

    @abc.abstractmethod
    async def named(
        self,
        kind: Kind,
        name: str,
        *,
        parent: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Sequence[Message]:
        """The objects with this very name. parent: the object they live in, where one is meant."""

    async def revision(self, kind: Kind) -> Hashable | None:
        """Something that changes whenever an object of this kind does; None if nothing does."""
        return None

    async def perform(self, method: str, request: Message, target: Message | None) -> Outcome:
        """Carries out a change or answers a question, by the method of the driver with its name.

        target: the object the request names; where it names only the one it lives in, that.
        """
        call = getattr(self, snake(method), None)
        if call is None:
            kind = type(target) if target is not None else type(request)
            raise not_supported(f"{method} of a {spoken_name(kind)}", self.location)
        outcome = await call(request, target)
        assert isinstance(outcome, Outcome)
        return outcome

    @abc.abstractmethod
    async def capabilities(self) -> cloud.Capabilities:
        """What the region can do. Location, id and API revision are filled in by the caller."""

    def download(self, target: Message, offset: int, length: int | None) -> AsyncIterator[bytes]:
        """The bytes of an image or an object from offset on, in chunks of at most 1 MiB."""
        raise not_supported("downloads", self.location)

    async def upload(
        self, target: Message, start: Message, chunks: AsyncIterator[bytes]
    ) -> Outcome:
        """Takes bytes, and has none left behind when the chunks end with an error.

        target: the image that they are of, or the container in which start names an object.
        """
        raise not_supported("uploads", self.location)

    async def kept(self, target: Message, start: Message) -> AsyncIterator[bytes]:
        """The bytes that an upload which was broken off has left for the same request_id."""
        nothing: Sequence[bytes] = ()
        for data in nothing:
            yield data

    def export(self, method: str, target: Message) -> AsyncIterator[str]:
        """What an object is as text, in whole lines, at most 1 MiB at once."""
        raise not_supported(method, self.location)


# The objects of a kind, in any order; of those that live in another, where that is given.
Objects = Callable[[Kind, Message | None], Awaitable[Sequence[Any]]]


class View(Region):
    """A region, with other objects than those it has."""

    def __init__(self, region: Region, view: str, objects: Objects) -> None:
        self.location = region.location
        self.identity = region.identity
        self.zones = region.zones
        self.poll_interval = region.poll_interval
        self.view = view
        self._region = region
        self._objects = objects

    async def page(
        self,
        kind: Kind,
        *,
        after: str = "",
        limit: int = 1000,
        parent: Message | None = None,
        wanted: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Sequence[Message]:
        found = [each for each in await self._objects(kind, parent) if each.id > after]
        return sorted(found, key=lambda each: str(each.id))[:limit]

    async def get(
        self,
        kind: Kind,
        id_: str,
        *,
        parent: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Message | None:
        return next((each for each in await self._objects(kind, parent) if each.id == id_), None)

    async def named(
        self,
        kind: Kind,
        name: str,
        *,
        parent: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Sequence[Message]:
        return [each for each in await self._objects(kind, parent) if name and each.name == name]

    async def capabilities(self) -> cloud.Capabilities:
        return await self._region.capabilities()


class Cloud(abc.ABC):
    """One set of credentials, by the name under which requests call it."""

    name: str

    @abc.abstractmethod
    def describe(self) -> cloud.Cloud:
        """What is known of it without asking it."""

    @abc.abstractmethod
    async def regions(self) -> Sequence[Region]:
        """Its regions. A cloud that does not say is a Failure."""

    async def close(self) -> None:  # noqa: B027 - most have nothing to give up
        """Gives up what it holds."""
