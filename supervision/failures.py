"""Failures that a person can do something about, each as one line: the thing, the reason, the way out."""

from __future__ import annotations


def expected() -> tuple[type[Exception], ...]:
    """What may fail without a mistake in the program; everything else keeps its traceback.

    A function, so that asking a command for ``--help`` loads none of this.
    """
    from events.schema import SchemaError
    from events.store import DamagedLog
    from events.witness import DamagedState
    from projections.runner import PoisonEvent
    from supervision.domain.refusal import Refused
    from supervision.founding import AlreadyFounded
    from supervision.sealing.errors import SealingError
    from supervision.settings import BadSetting

    speaking = (BadSetting, SealingError, Refused, AlreadyFounded, SchemaError, DamagedLog, DamagedState, PoisonEvent)
    return (*speaking, *_of_the_database(), OSError)


def line_of(problem: Exception) -> str:
    """One Chinese line for one of :func:`expected`. Never quotes a URL, a statement or a value."""
    if isinstance(problem, _of_the_database()):
        return "数据库：连接不上或者不能写入；请核对 SUPERVISION_DATABASE_URL，确认数据库正在运行，然后重试。"
    if isinstance(problem, OSError):
        name = str(problem.filename or "").rpartition("/")[2]
        return f"文件：无法读写 {name}（{type(problem).__name__}）；请核对路径、权限和剩余空间。"
    return " ".join(str(problem).split())


def _of_the_database() -> tuple[type[Exception], ...]:
    from eventsourcing.persistence import PersistenceError
    from sqlalchemy.exc import SQLAlchemyError

    from supervision.intake.door import RecordingFailed

    return (PersistenceError, SQLAlchemyError, RecordingFailed)
