"""What `kasugai whatif lose` says of a lost host."""

import pytest

from kasugai.cli.whatif_text import loss_page
from kasugai.core.telling.whatif import DOMAIN_STORM, STORM, Loss, LostHost


@pytest.mark.parametrize(
    ("waits", "domain", "said"),
    [
        ("", "", "recovered"),
        ("", "pdu/pdu-3", "recovered, in turn with others of pdu/pdu-3"),
        (STORM, "", "held: storm"),
        (DOMAIN_STORM, "pdu/pdu-3", "held: domain-storm of pdu/pdu-3"),
    ],
)
def test_a_lost_host_is_told_with_what_keeps_it(waits: str, domain: str, said: str) -> None:
    loss = Loss(hosts=(LostHost(name="cmp1", segment="rack1", waits=waits, domain=domain),), guests=())
    assert str(loss_page(loss, None)[-1]).rstrip().endswith(f"rack1    {said}")
