"""The officers of the fictional county, for every role; all names are invented.

Those whom the key ceremony appoints stand in ``ceremony.toml`` too; the administrator appoints the others.
"""

from __future__ import annotations

from supervision.casework.enrolment import Appointment
from supervision.domain.codes import Role


def _person(officer: str, name: str, office: str, role: Role) -> Appointment:
    return Appointment(officer=officer, name=name, office=office, roles=(role,))


PEOPLE = (
    _person("admin", "祁远山", "administration", Role.SYSTEM_ADMIN),
    _person("security", "郜明", "administration", Role.SECURITY_ADMIN),
    _person("auditor", "晏清", "administration", Role.SECURITY_AUDITOR),
    # 县纪委监委
    _person("head", "庄慎言", "petition", Role.PETITION_HEAD),
    _person("clerk-1", "柏舟", "petition", Role.INTAKE_CLERK),
    _person("clerk-2", "蓝田", "petition", Role.INTAKE_CLERK),
    _person("operator", "乐闻", "petition", Role.HOTLINE_OPERATOR),
    _person("clue", "管度", "clue", Role.CLUE_SUPERVISOR),
    _person("inspector-1", "明察", "dept-1", Role.INSPECTOR),
    _person("inspector-2", "计衡", "dept-1", Role.INSPECTOR),
    _person("inspector-3", "文正", "dept-2", Role.INSPECTOR),
    _person("deputy", "方直", "leadership", Role.DEPUTY_IN_CHARGE),
    _person("principal", "国严", "leadership", Role.PRINCIPAL),
    _person("oversight", "公冶平", "oversight", Role.OVERSIGHT_REVIEWER),
    # 县委组织部
    _person("org-head", "司徒谨", "personnel", Role.PETITION_HEAD),
    _person("org-clerk", "尚勤", "personnel", Role.PERSONNEL_CLERK),
    _person("org-operator", "言希", "personnel", Role.HOTLINE_OPERATOR),
    _person("org-clue", "梁准", "org-clue", Role.CLUE_SUPERVISOR),
    _person("org-inspector", "查实", "org-check", Role.INSPECTOR),
    _person("org-principal", "端木正", "org-leadership", Role.PRINCIPAL),
    # 身份保管与联络
    _person("custodian-1", "封缄", "administration", Role.IDENTITY_CUSTODIAN),
    _person("custodian-2", "扃固", "administration", Role.IDENTITY_CUSTODIAN),
    _person("custodian-3", "钥守", "administration", Role.IDENTITY_CUSTODIAN),
    _person("relay-1", "通达", "administration", Role.RELAY_OFFICER),
    _person("relay-2", "信传", "administration", Role.RELAY_OFFICER),
    # 市纪委监委
    _person("superior", "上官鉴", "superior", Role.SUPERIOR_OFFICER),
)
