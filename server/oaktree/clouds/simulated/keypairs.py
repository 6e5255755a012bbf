# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated key pairs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
import ssl

from oaktreemodel.compute import v1 as compute

from oaktree.clouds import Outcome
from oaktree.clouds.simulated import seed
from oaktree.clouds.simulated.core import Core
from oaktree.clouds.simulated.words import say
from oaktree.failures import invalid, violation
from oaktree.shapes import word_of

NAME = re.compile("[A-Za-z0-9 _@.-]+")
# How the names of the kinds of SSH keys begin.
SSH_KEYS = ("ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-sha2-")


class Keypairs(Core):
    """The methods of KeypairService that are not like all others."""

    async def create_keypair(self, request: compute.CreateKeypairRequest, target: None) -> Outcome:
        if not NAME.fullmatch(request.name):
            text = "has other characters than letters, digits, spaces, _, -, @ and the dot"
            raise invalid(violation("name", text, "MALFORMED"))
        word = word_of(request, "type")
        type_ = {"UNSPECIFIED": "SSH", "OTHER": request.type_raw.upper()}.get(word, word)
        if type_ not in KINDS:
            raise invalid(violation("type", f"is {' or '.join(KINDS)}", "INVALID"))
        make, decode, digest = KINDS[type_]
        public, answer = request.public_key, {}
        if not public:
            public, answer["private_key"] = make()
        fingerprint = hashlib.new(digest, decode(public), usedforsecurity=False).hexdigest()
        own = seed.uid(self.location.cloud, "user")
        user = request.user or own
        # Those of other users are told apart by these.
        id_ = request.name if user == own else f"{user}/{request.name}"
        new = self.make(compute.Keypair, request, id=id_, user_id=user)
        new.public_key = public
        new.fingerprint = ":".join(re.findall("..", fingerprint))
        new.location.ClearField("project")
        say(new, "type", type_)
        return Outcome(self.born(new), answer=answer)


# Nothing is ever logged in to here, so random bytes are as good as a key.


def armored(what: str, size: int = 192) -> str:
    text = base64.b64encode(secrets.token_bytes(size)).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {what}-----\n{lines}\n-----END {what}-----\n"


def ssh_made() -> tuple[str, str]:
    """A public key and its private one."""
    kind = b"ssh-ed25519"
    parts = [len(kind).to_bytes(4), kind, (32).to_bytes(4), secrets.token_bytes(32)]
    public = base64.b64encode(b"".join(parts)).decode()
    return f"{kind.decode()} {public} simulated", armored("OPENSSH PRIVATE KEY")


def x509_made() -> tuple[str, str]:
    return armored("CERTIFICATE"), armored("PRIVATE KEY")


def ssh_decoded(public: str) -> bytes:
    """The bytes of a line as in authorized_keys, which begin with the kind of key."""
    kind, _, rest = public.strip().partition(" ")
    try:
        data = base64.b64decode(rest.partition(" ")[0], validate=True)
    except binascii.Error:
        data = b""
    own = kind.encode(errors="replace")
    if not kind.startswith(SSH_KEYS) or not data.startswith(len(own).to_bytes(4) + own):
        raise invalid(violation("public_key", "is no key for SSH", "MALFORMED"))
    return data


def x509_decoded(public: str) -> bytes:
    try:
        return ssl.PEM_cert_to_DER_cert(public)
    except ValueError:
        raise invalid(violation("public_key", "is no certificate in PEM", "MALFORMED")) from None


# By the type of a key pair: what makes one, what reads it, and by what its fingerprint is.
KINDS = {
    "SSH": (ssh_made, ssh_decoded, "md5"),
    "X509": (x509_made, x509_decoded, "sha1"),
}
