"""The specification's own way of sending a lead, as its pseudo-code reads: one by one, everything asked anew."""

import xmlrpc.client
from typing import Any

from integrations.odoo.sandbox import OdooSandbox
from leads.models import Lead


def create_lead(peer: OdooSandbox, lead: Lead) -> Any:
    """Authenticate, look three ids up, create: five calls, on three new connections."""
    common = xmlrpc.client.ServerProxy(f"{peer.url}/xmlrpc/2/common")
    uid: Any = common.authenticate(peer.database, peer.username, peer.api_key, {})
    models: Any = xmlrpc.client.ServerProxy(f"{peer.url}/xmlrpc/2/object")

    def call(model: str, method: str, *arguments: Any) -> Any:
        return models.execute_kw(peer.database, uid, peer.api_key, model, method, list(arguments))

    def find(model: str, name: str) -> Any:
        return next(iter(call(model, "search", [["name", "=", name]])), False)

    return call(
        "crm.lead",
        "create",
        {
            "name": f"Website Lead - {lead.name}",
            "contact_name": lead.name,
            "email_from": lead.email,
            "type": "opportunity",
            "source_id": find("utm.source", "Website"),
            "medium_id": find("utm.medium", "Whitepaper Download"),
            "tag_ids": [(6, 0, [tag] if (tag := find("crm.tag", "Magnetiq Lead")) else [])],
        },
    )


def load_leads(peer: OdooSandbox, leads: list[Lead]) -> Any:
    """The floor: one call that creates them all, with everything known beforehand."""
    common = xmlrpc.client.ServerProxy(f"{peer.url}/xmlrpc/2/common")
    uid: Any = common.authenticate(peer.database, peer.username, peer.api_key, {})
    models: Any = xmlrpc.client.ServerProxy(f"{peer.url}/xmlrpc/2/object")
    fields = ["id", "name", "contact_name", "email_from", "type"]
    rows = [[f"floor.lead_{lead.pk}", f"Website Lead - {lead.name}", lead.name, lead.email, "lead"] for lead in leads]
    return models.execute_kw(peer.database, uid, peer.api_key, "crm.lead", "load", [fields, rows])
