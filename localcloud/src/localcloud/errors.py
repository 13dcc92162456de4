"""Errors that a person can do something about. The CLI shows message and hint, without a traceback."""


class LocalCloudError(Exception):
    """Something kept the local cloud from doing what was asked; `hint` says what to do."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class SettingsError(LocalCloudError):
    """A setting has a value that makes no sense."""


class PortTakenError(LocalCloudError):
    """Somebody else listens where the local cloud should."""


class StartError(LocalCloudError):
    """A part of the local cloud did not come up."""
