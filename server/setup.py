# SPDX-License-Identifier: Apache-2.0
"""Hands the package to pbr, on behalf of backend/backend.py."""

import setuptools

setuptools.setup(pbr=True)
