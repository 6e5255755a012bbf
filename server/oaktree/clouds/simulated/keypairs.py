# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated key pairs, zones and limits."""

from __future__ import annotations

import base64
import hashlib
import secrets

from oaktreemodel.compute import v1 as compute

from oaktree.clouds import Outcome
from oaktree.clouds.simulated import seed
from oaktree.clouds.simulated.core import Core
from oaktree.clouds.simulated.words import say


class Keypairs(Core):
    """The methods of KeypairService and ComputeLimitsService that are not like all others."""

    async def create_keypair(self, request: compute.CreateKeypairRequest, target: None) -> Outcome:
        table = self.store.table(compute.Keypair)
        there = table.get(request.name)
        if there is not None:
            raise self.already(there)
        answer = {}
        public = request.public_key
        if not public:
            # Nothing is ever logged in to here, so random bytes are as good as a key.
            public = f"ssh-ed25519 {base64.b64encode(secrets.token_bytes(51)).decode()} simulated"
            private = base64.b64encode(secrets.token_bytes(192)).decode()
            answer["private_key"] = (
                f"-----BEGIN OPENSSH PRIVATE KEY-----\n{private}\n"
                "-----END OPENSSH PRIVATE KEY-----\n"
            )
        digest = hashlib.md5(public.encode(), usedforsecurity=False).hexdigest()
        new = self.make(compute.Keypair, request, id=request.name, public_key=public)
        new.public_key = public
        new.fingerprint = ":".join(digest[at : at + 2] for at in range(0, 32, 2))
        new.user_id = seed.uid(self.location.cloud, "user")
        new.location.ClearField("project")
        say(new, "type", "SSH")
        return Outcome(self.born(new), answer=answer)
