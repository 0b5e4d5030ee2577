"""Settings of hypothesis for all suites: how many examples, and what a failure prints.

The profile is chosen with ``--hypothesis-profile``; ``ci`` is the default. tests/README.md says when to use which.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# No deadline: the machines of CI are shared, and a slow example is no defect. No derandomizing: every run draws new
# examples, and the printed blob replays the one that failed.
_COMMON = settings(
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

settings.register_profile("quick", parent=_COMMON, max_examples=20)
settings.register_profile("ci", parent=_COMMON, max_examples=250)
settings.register_profile("long", parent=_COMMON, max_examples=5_000)
settings.load_profile("ci")
