"""Nova through openstacksdk's configuration and keystoneauth's session: the recovery pool's `Cloud` port.

    cloud = NovaCloud(settings.nova, client=timing.client / 1000)
    await cloud.check()          # BadCloud: one line about what to correct; CloudAway: try again
    await cloud.close()

Only calls that nova.md lists are made, and one to Keystone (a project's tags), each at most once: no layer below
repeats a request, but for a token that was refused. Knows nothing of incidents or steps.
"""

from kasugai.adapters.nova.cloud import NovaCloud as NovaCloud
from kasugai.adapters.nova.rights import Right as Right
from kasugai.adapters.nova.rights import Standing as Standing
from kasugai.adapters.nova.rights import missing as missing
from kasugai.adapters.nova.session import BadCloud as BadCloud
