# SPDX-License-Identifier: Apache-2.0
"""The server: sockets, configuration, and the gRPC side of the services."""
