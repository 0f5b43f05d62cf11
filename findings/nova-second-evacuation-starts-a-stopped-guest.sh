#!/usr/bin/env bash
# Nova 34.0.0 (API, conductor, scheduler and computes of its own functional tests, with its fake driver, in one
#   process).
#
# Expected: at API microversion 2.95 "any evacuated instances will be now stopped at destination" (Nova, "REST API
#   Version History", 2.95), so a guest that was stopped when its host died stays stopped.
# Seen:     if the first evacuation finds no host ("No valid host"), the guest's status becomes ERROR and nothing
#   remembers that it was stopped. The second evacuation, asked for when there is a host again, starts it: ACTIVE.
# Exits 0 while that is so, 1 if it has changed, 2 if it cannot be tried here. Fetches about 400 MB.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    nova==34.0.0 openstack-placement==16.0.0 oslotest==6.1.1 ddt==1.7.2 wsgi-intercept==1.13.1 \
    requests-mock==1.12.1 SQLAlchemy==2.1.9 ||
    { echo "The packages cannot be installed here."; exit 2; }

cat >"$work/second_evacuation.py" <<'PY'
import sys
import time

import fixtures
import nova.tests.fixtures

nova.tests.fixtures.WarningsFixture = fixtures.Fixture      # it makes errors of the libraries' deprecations
from nova.tests.functional import integrated_helpers  # noqa: E402


class SecondEvacuation(integrated_helpers.ProviderUsageBaseTestCase):
    compute_driver = "fake.MediumFakeDriver"

    def setUp(self):
        self.flags(api_paste_config=sys.prefix + "/etc/nova/api-paste.ini", group="wsgi")   # not in Nova's checkout
        super().setUp()

    def stopped_guest_of_a_dead_host(self):
        host = self._start_compute("compute-1")
        guest = self.admin_api.post_server({"server": self._build_server(networks="none", az="nova:compute-1")})
        guest = self._stop_server(self._wait_for_state_change(guest, "ACTIVE"))
        host.stop()
        services = self.admin_api.get_services()
        (dead,) = (one["id"] for one in services if one["binary"] == "nova-compute" and one["host"] == "compute-1")
        self.admin_api.put_service_force_down(dead, True)
        return guest

    def evacuate(self, guest, then):
        """Asks for it, and waits until the guest is so; tells the guest's status."""
        self.admin_api.post_server_action(guest["id"], {"evacuate": {}})
        return self._wait_for_server_parameter(guest, then | {"OS-EXT-STS:task_state": None})["status"]

    def tell(self, first_fails):
        self.api.microversion = self.admin_api.microversion = "2.95"
        guest = self.stopped_guest_of_a_dead_host()
        statuses = [guest["status"]]
        if first_fails:                         # there is no other host yet
            statuses.append(self.evacuate(guest, then={"status": "ERROR"}))
        self._start_compute("compute-2")
        statuses.append(self.evacuate(guest, then={"OS-EXT-SRV-ATTR:host": "compute-2"}))
        print("RESULT", *statuses, file=sys.__stdout__, flush=True)

    def test_one_try(self):
        self.tell(first_fails=False)

    def test_two_tries(self):
        self.tell(first_fails=True)
PY
cd "$work"
timeout 120 "$work/venv/bin/python" -m testtools.run second_evacuation >"$work/log" 2>&1 ||
    { tail -n 3 "$work/log"; exit 1; }
results=$(sed -n 's/^.*RESULT //p' "$work/log" | sort)
echo "nova 34.0.0"
echo 'expected: at 2.95 an evacuated guest is stopped at the destination ("REST API Version History")'
while read -r statuses; do
    echo "seen:     the guest's status, first and after each evacuation: $statuses"
done <<<"$results"
if [ "$results" != "SHUTOFF ERROR ACTIVE
SHUTOFF SHUTOFF" ]; then
    echo "Changed: a second evacuation no longer starts a guest that was stopped."
    exit 1
fi
