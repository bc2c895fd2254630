"""Why a command is not carried out: one exception with a code for tests and a sentence for people."""


class Refused(Exception):
    """A command was refused and nothing was recorded.

    ``code``: stable short code. ``reason``: one Chinese sentence naming the thing, the reason and the way out;
    never content, identity or a 查询码.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def refuse(refusal: Refused | None) -> None:
    """Raise ``refusal`` where there is one: for the rules that answer with a refusal or None."""
    if refusal is not None:
        raise refusal
