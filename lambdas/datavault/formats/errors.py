"""What a reader can say of a whole object."""

from ..reasons import Reason


class ObjectRejectedError(Exception):
    """No record of the object can be read; `field` names what is wrong with its header, if that is it."""

    def __init__(self, reason: Reason, field: str = "") -> None:
        super().__init__(reason, field)
        self.reason = reason
        self.field = field
