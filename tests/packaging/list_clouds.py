# SPDX-License-Identifier: Apache-2.0
"""Lists the clouds of the oaktree at an address: list_clouds.py ADDRESS"""

from __future__ import annotations

import sys

import grpc
from oaktreemodel.cloud import v1 as cloud


def main() -> None:
    with grpc.insecure_channel(sys.argv[1]) as channel:
        answer = cloud.CloudServiceStub(channel).ListClouds(cloud.ListCloudsRequest(), timeout=60)
    for each in answer.clouds:
        print(each.name)


if __name__ == "__main__":
    main()
