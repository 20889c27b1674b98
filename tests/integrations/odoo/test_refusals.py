"""What Odoo refuses: one bad row is dead with its reason, and the rest arrives."""

from integrations import outbox
from integrations.models import Delivery, Integration
from integrations.odoo.sandbox import OdooSandbox
from leads import actions
from leads.models import Touchpoint

from .conftest import states
from .people import WHEN, crowd


def test_a_row_that_odoo_refuses_by_name_is_dead_and_the_rest_arrives(odoo: Integration, peer: OdooSandbox) -> None:
    leads = crowd(10)
    peer.create("utm.source", {"name": "in the way"}, xid=f"magnetiq.lead_{leads[3].uuid}")

    outbox.drain()

    dead = Delivery.objects.get(state="dead")
    assert dead.subject_id == leads[3].pk
    assert "found record of different model utm.source" in dead.error
    assert len(peer.records("crm.lead")) == 9


def test_more_bad_rows_than_odoo_tells_of_in_one_go_are_all_found(odoo: Integration, peer: OdooSandbox) -> None:
    """Odoo stops after ten errors and says so in a warning; the others are named by the next calls."""
    leads = crowd(40)
    for lead in leads[:15]:
        peer.create("utm.source", {"name": f"in the way {lead.pk}"}, xid=f"magnetiq.lead_{lead.uuid}")

    outbox.drain()

    assert set(Delivery.objects.filter(state="dead").values_list("subject_id", flat=True)) == {
        lead.pk for lead in leads[:15]
    }
    assert len(peer.records("crm.lead")) == 25


def test_a_batch_refused_without_a_name_leaves_one_row_dead(odoo: Integration, peer: OdooSandbox) -> None:
    leads = crowd(20)
    actions.update_details(leads[7], details={"company": "POISON"})
    peer.faults.set("refuse_batch", "Something is wrong with one of these", marker="POISON")

    outbox.drain()

    dead = Delivery.objects.get(state="dead")
    assert (dead.subject_id, dead.error) == (leads[7].pk, "Something is wrong with one of these")
    assert len(peer.records("crm.lead")) == 19


def test_a_lead_that_cannot_be_mapped_is_dead_before_the_call(odoo: Integration, peer: OdooSandbox) -> None:
    leads = crowd(3)
    Touchpoint.objects.filter(lead=leads[1]).update(kind="unheard-of")

    outbox.drain()

    dead = Delivery.objects.get(state="dead")
    assert dead.subject_id == leads[1].pk
    assert "unheard-of" in dead.error
    assert len(peer.records("crm.lead")) == 2


def test_busy_records_are_tried_again_soon(odoo: Integration, peer: OdooSandbox) -> None:
    crowd(3)
    peer.faults.set("conflict", call="load", times=4)
    outbox.drain()
    assert set(Delivery.objects.values_list("state", "error_kind")) == {("pending", "conflict")}

    peer.faults.clear()
    Delivery.objects.update(due_at=WHEN)
    outbox.drain()

    assert states() == {"delivered": 3}
