"""Separation of duties (part 4): who must not do what, because of what he has already done.

Each rule answers with the refusal to raise, or None where nothing stands against it, so that a screen can say
beforehand what a command would say. People are officer ids, compared as they are; "" means nobody yet.
"""

from collections.abc import Collection

from supervision.domain.codes import Role
from supervision.domain.refusal import Refused

ADMINISTRATION = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.SECURITY_AUDITOR})
ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN})


def against_not_accepting(decider: str, *, registrar: str, screener: str = "") -> Refused | None:
    """SoD-1: who registered or screened a report does not decide that it is not accepted."""
    if decider in _people(registrar, screener):
        return Refused("SoD-1", "不予受理须由登记、甄别人员以外的人员决定；请由本室其他负责人办理。")
    return None


def against_handling(
    handlers: Collection[str], *, registrar: str = "", distributor: str, approver: str = ""
) -> Refused | None:
    """SoD-2, SoD-8, B-20: who receives or distributes a clue, or approves that, does not handle it."""
    if distributor in _people(*handlers):
        return Refused("SoD-2", "分办人员不得同时承办；请选择其他承办人。")
    if registrar in _people(*handlers):
        return Refused("SoD-2", "接收登记人员不得同时承办；请选择其他承办人。")
    if approver in _people(*handlers):
        return Refused("SoD-8", "审批人不得把线索分给自己承办；请退回后另定承办人。")
    return None


def against_approving(approver: str, *, proposer: str, handlers: Collection[str] = ()) -> Refused | None:
    """SoD-3: nobody approves what he proposed or handles himself."""
    if approver in _people(proposer, *handlers):
        return Refused("SoD-3", "承办人、提出人不能审批自己的意见；请由分管领导或者主要负责人办理。")
    return None


def against_reviewing(
    reviewer: str, *, handlers: Collection[str], earlier_reviewers: Collection[str] = ()
) -> Refused | None:
    """SoD-3, B-59: handler, reviewer and appeal reviewer are three.

    ``earlier_reviewers``: for the review of an appeal.
    """
    if reviewer in _people(*handlers):
        return Refused("SoD-3", "承办过本件的人员不能审理或者复查；请另派人员。")
    if reviewer in _people(*earlier_reviewers):
        return Refused("SoD-3", "审理过本件的人员不能参加复查；请另派人员。")
    return None


def against_seeing(officer: str, *, excluded: Collection[str]) -> Refused | None:
    """SoD-7: who is named in a report, or withdrew from it, sees and does nothing there."""
    if officer in _people(*excluded):
        return Refused("SoD-7", "您须回避本件，不能查看或者办理；如有疑问，请与本室负责人联系。")
    return None


def against_approving_opening(approver: str, *, requester: str, handling: Collection[str]) -> Refused | None:
    """SoD-4: an opening is approved by somebody who is not in the case, and never by who asks for it."""
    if approver in _people(requester):
        return Refused("SoD-4", "申请人不能批准自己的启封申请；请由未参与本件的负责人审批。")
    if approver in _people(*handling):
        return Refused("SoD-4", "参与登记、甄别、分办、承办本件的人员不能批准启封；请由未参与本件的负责人审批。")
    return None


def against_contributing(custodian: str, *, requester: str, approver: str, handling: Collection[str]) -> Refused | None:
    """SoD-4: who asks for an opening, approves it or is in the case gives no share for it."""
    if custodian in _people(requester, approver, *handling):
        return Refused("SoD-4", "申请、批准启封或者参与本件办理的人员不能同时提交份额；请由其他保管人提交。")
    return None


def against_duties(roles: Collection[str]) -> Refused | None:
    """SoD-6: system administrator, security administrator and auditor are three."""
    if len(ADMINISTRATION.intersection(roles)) > 1:
        return Refused("SoD-6", "系统管理员、安全保密管理员、安全审计员须由不同人员担任；请分别任命。")
    return None


def against_carrying_out(duties: Collection[str], *, proposer_duties: Collection[str]) -> Refused | None:
    """SoD-6: a change of an account takes a system administrator and a security administrator, in either order."""
    if ADMINISTRATORS.intersection(duties) == ADMINISTRATORS.intersection(proposer_duties):
        return Refused("SoD-6", "账号事项须由系统管理员、安全保密管理员各一人办理：一人提出，另一人确认。")
    return None


def _people(*officers: str) -> set[str]:
    return set(officers) - {""}
