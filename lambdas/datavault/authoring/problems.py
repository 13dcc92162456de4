"""Problems of a contract, each with its place and what to do. All are collected before anyone is told."""

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """`place` is a file, or a path in it; `hint` says what to do."""

    place: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f"\n  hint: {self.hint}" if self.hint else "")


class ContractError(Exception):
    """A contract cannot be used; `problems` says everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
