# SPDX-License-Identifier: Apache-2.0
"""oaktree: one gRPC server for every OpenStack cloud."""
