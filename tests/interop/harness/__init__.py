# SPDX-License-Identifier: MIT
"""What the tests against real peers share: clips, processes, comparisons."""
