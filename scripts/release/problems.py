"""What keeps a release from being made."""


class ReleaseError(Exception):
    """Reasons, each with what to do about it."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("\n".join(f"{reason}\n  hint: {hint}" for reason, hint in problems))
        self.problems = problems
