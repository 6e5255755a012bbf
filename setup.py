# SPDX-License-Identifier: Apache-2.0
"""Hands the package to pbr, on behalf of python/backend/backend.py."""

import os
import sys

import setuptools

if "PBR_VERSION" not in os.environ:
    sys.exit("setup.py alone makes no stubs: run 'pip install .' or 'python -m build' instead")

setuptools.setup(pbr=True)
