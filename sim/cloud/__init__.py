"""The simulated cloud: one state machine for hosts, guests, Nova's records and power, whoever drives it.

    cloud = SimCloud(loop, seed=1, pace=REAL)      # any asyncio loop: time() and call_later()
    cloud.add_host(name, cell=, zone=, capacity=, enabled=, has_device=)
    cloud.add_guest(name, host, vm_state=, launched=, metadata=, locked_by=, tags=, image=, flavor=, extra_specs=)
    cloud.add_aggregate(name, *hosts)
    cloud.add_group(name, *guests)                 # an anti-affinity server group
    cloud.resized_from(guest, host)                # it waits for its resize to be confirmed

Verbs for scenarios (hosts by exact name, guests by name or uuid; seconds):

    cloud.hosts     power_off power_on reboot hang wake unplug(host, network=) plug kill_compute start_compute
                    restart_compute
    cloud.power     has read switch_off remove_device refuse_fencing cut_bmc add_spare
                    comes_back_by_itself(host, after)
    cloud.wire      slow(seconds, action=, subject=, times=, lasting=)
                    lose_replies(action=, subject=, times=, lasting=)
                    answer_503(lasting, action=) refuse_connections(lasting) heal;  requests, watchers, troubles
    cloud           operator_forces_down operator_disables operator_enables operator_evacuates(guest, target)
                    operator_live_migrates(guest, dest, switch_after=, finish_after=)
                    user_stops user_starts user_deletes user_locks
                    user_asks(guest, what)            # pause, hard reboot, shelve, ...: verbs.VERBS
                    guest_dies guest_stalls purge_actions(guest)
                    slow_conductor(seconds) conductor_away(lasting) scheduler_away(lasting)
                    no_valid_host(on) fail_spawns(host, message) fail_live(host, message)
                    answer_500(action, times) api_dies(line, times)
                    silence_cell(cell, ids_readable=) wake_cell(cell)
    cloud.world     knobs: pace (replaceable) clock_offset sends_date congestion autostart compares_boots flaky_stops
                    syncs_power hides_actions; now() wall()

What to look at:

    cloud.running_on(guest)   hosts where it runs at this instant
    cloud.running_twice()     uuids of guests that run on several hosts: empty if all is well
    cloud.nowhere()           uuids of guests that no hypervisor has and nobody builds: empty if all is well
    cloud.diary.copies_of(u)  hosts whose hypervisors have a copy of a guest, running or not
    cloud.diary               entries and watchers: (t, host, guest, started | stopped)
    cloud.witness.breaches    what must never happen and did: shot, doubled, ran-twice
    cloud.wire.requests       every request: t, method, path, action, subject, sender, arrived, status
    cloud.nova                the API itself, without a wire: list_services update_service list_servers show_server
                              list_migrations list_actions show_action list_aggregates add_to_aggregate list_controllers
                              evacuate reset_state stop start migrate live_migrate confirm_migration;
                              nova.placement: providers candidates; nova.guests.do; nova.sync.compare
    cloud.census()            a Place per host; str(place) is `cmp3: on  db1 web2(stopped)`

Every rule is nova.md's, or Nova 34's own code where a module says so. Known to differ from the real one: notifications
do not exist; a second evacuation that meets the first one's last moments of spawning ends as the compare-and-set of
task_state has it, which nobody has measured; a silent cell is silent towards the API only, its conductor goes on; only
guests that were let die are compared with Nova's records (`sync`), not those that a boot leaves off; allocations that a
lost evacuation leaves in Placement are not counted; an allocation on a dead source ends with the landing, not with the
source's next start.
"""

from kasugai.sim.cloud.cloud import SimCloud as SimCloud
from kasugai.sim.cloud.pace import CONVOY as CONVOY
from kasugai.sim.cloud.pace import QUICK as QUICK
from kasugai.sim.cloud.pace import REAL as REAL
from kasugai.sim.cloud.pace import Pace as Pace
from kasugai.sim.cloud.pace import large_cloud as large_cloud
from kasugai.sim.cloud.pace import two_cores as two_cores
