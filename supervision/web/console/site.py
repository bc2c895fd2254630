"""The console as a site: who comes in, what he finds in the navigation, whose work he sees."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _

from projections.queries import Viewer
from supervision.casework.account_changes import ADMINISTRATORS
from supervision.casework.content import APPROVER_ROLES, PETITION_ROLES
from supervision.casework.officer_session import OfficerSession
from supervision.domain.codes import Role
from supervision.domain.contact_rules import RELAYS
from supervision.domain.opening_rules import APPROVERS, CUSTODIANS, REQUESTERS
from supervision.settings import Settings
from supervision.web.officer_login import WorkingSite

#: Who has a queue.
DESK_ROLES = (*PETITION_ROLES, Role.CLUE_SUPERVISOR, Role.INSPECTOR, *APPROVER_ROLES)
#: Who takes down what comes in by telephone, letter, message or in person.
RECORDER_ROLES = (Role.HOTLINE_OPERATOR, Role.INTAKE_CLERK, Role.PERSONNEL_CLERK)
CONSOLE_ROLES = frozenset(Role)
#: Who has a part in openings: asks, approves, holds a share, or stands for the superior's gate.
OPENING_ROLES = (*sorted(REQUESTERS | APPROVERS | CUSTODIANS), Role.SUPERIOR_OFFICER)


def navigation(officer: OfficerSession) -> list[dict[str, Any]]:
    """Links of the pages that this officer has something to do on."""
    links: list[tuple[Collection[Role], str, str]] = [
        (DESK_ROLES, "console.queue", _("待办")),
        (RECORDER_ROLES, "console.new_report", _("登记新举报")),
        (PETITION_ROLES, "console.sealed_reports", _("径送件")),
        (OPENING_ROLES, "console.openings", _("身份开启")),
        (RELAYS, "console.contacts", _("联络")),
        ((*PETITION_ROLES, *APPROVER_ROLES), "console.appraisals", _("鉴定销毁")),
        ((Role.PETITION_HEAD,), "console.blind_index_page", _("被反映人索引")),
        (ADMINISTRATORS, "console.accounts", _("人员与账号")),
    ]
    if officer.office_keys or officer.has(*APPROVER_ROLES):
        links.append((CONSOLE_ROLES, "console.office_keys", _("单位密钥")))
    return [
        {"label": label, "href": url_for(endpoint), "current": request.endpoint == endpoint}
        for roles, endpoint, label in links
        if officer.has(*roles)
    ]


def viewer_of(officer: OfficerSession, settings: Settings) -> Viewer:
    """Whose work he sees: a leader that of his body, an inspector what he handles, others that of their office."""
    home = settings.office(officer.office)
    if officer.has(*APPROVER_ROLES):
        offices = frozenset(office.id for office in settings.offices if office.host == home.host)
    elif officer.has(*PETITION_ROLES, Role.CLUE_SUPERVISOR):
        offices = frozenset({home.id})
    else:
        offices = frozenset()
    return Viewer(officer=officer.officer, roles=frozenset(role.value for role in officer.roles), offices=offices)


SITE = WorkingSite("console", CONSOLE_ROLES, "console.queue", navigation)
blueprint = SITE.blueprint(__name__)
