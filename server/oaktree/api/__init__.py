# SPDX-License-Identifier: Apache-2.0
"""The services, written once for every resource.

What the rules of the proto tree make alike is driven by the descriptors: an RPC of a new proto is
answered with nothing added here but how its filters match and when its operations end.
"""
