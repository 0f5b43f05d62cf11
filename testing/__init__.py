"""For authors of steps of their own (docs/custom-steps.md): the crash sweep that Kasugai's own steps go through.

from kasugai.testing import sweep
assert sweep(make) == ()
"""

from kasugai.testing.sweeping import Trial as Trial
from kasugai.testing.sweeping import sweep as sweep
