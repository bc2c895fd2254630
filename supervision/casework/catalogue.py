"""All commands on a report, in the order in which a page offers them."""

from __future__ import annotations

from collections.abc import Mapping

from supervision.casework import (
    bypass,
    deidentified,
    feedback,
    follow_up,
    handling,
    level,
    messages,
    petition,
    rehandling,
    retention_holds,
)
from supervision.casework.actions import Action

ACTIONS: tuple[Action, ...] = (
    *level.ACTIONS,
    *petition.ACTIONS,
    *handling.ACTIONS,
    *rehandling.ACTIONS,
    *deidentified.ACTIONS,
    *feedback.ACTIONS,
    *follow_up.ACTIONS,
    *messages.ACTIONS,
    *bypass.ACTIONS,
    *retention_holds.ACTIONS,
)

BY_NAME: Mapping[str, Action] = {action.name: action for action in ACTIONS}
