"""`datavault masking`: a key more, from a time on, and never one less."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from datavault.cli import masking
from datavault.cli.context import Stack
from datavault.contract import Field
from datavault.edges.clients import client
from datavault.masking import MaskingKeys, token

from ..support import column, make_contract
from .conftest import Run

FIRST = "f" * 64


@pytest.fixture(autouse=True)
def secret(stack: Stack) -> None:
    client("secretsmanager").create_secret(
        Name=stack.masking_secret_arn, SecretString=json.dumps({"keys": {"k1": FIRST}})
    )


def stored() -> MaskingKeys:
    found = client("secretsmanager").get_secret_value(SecretId="masking-key")
    return msgspec.json.decode(found["SecretString"], type=MaskingKeys)


def test_a_rotation_adds_a_key_that_begins_when_every_function_knows_it(run: Run) -> None:
    before = datetime.now(UTC)

    code, out, _ = run("masking", "rotate", "--json")

    assert code == 0
    keys = stored()
    assert keys.keys["k1"] == FIRST
    assert (len(keys.keys["k2"]), keys.keys["k2"] != FIRST) == (64, True)
    assert before + timedelta(hours=1) <= keys.since["k2"] <= datetime.now(UTC) + timedelta(hours=1, minutes=1)
    assert json.loads(out) == {
        "keys": [{"id": "k1", "since": None}, {"id": "k2", "since": keys.since["k2"].strftime("%Y-%m-%dT%H:%M:%SZ")}]
    }
    assert keys.id_at(before) == "k1"
    assert keys.id_at(keys.since["k2"]) == "k2"


def test_no_key_is_ever_shown(run: Run) -> None:
    shown = [*run("masking", "rotate"), *run("masking", "keys"), *run("masking", "keys", "--json")]

    secrets = stored().keys.values()
    assert len(secrets) == 2
    assert not [text for text in shown if isinstance(text, str) and any(key in text for key in secrets)]
    assert "in force" in str(shown)


def test_a_key_that_functions_would_not_know_in_time_is_refused(run: Run) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()

    code, _, err = run("masking", "rotate", "--at", soon)

    assert (code, "too soon" in err) == (2, True)
    assert stored() == MaskingKeys({"k1": FIRST})


def test_a_key_before_another_is_refused(run: Run) -> None:
    run("masking", "rotate", "--at", "2100-01-01")

    code, _, err = run("masking", "rotate", "--at", "2099-01-01")

    assert (code, "2100-01-01" in err) == (2, True)
    assert stored().keys.keys() == {"k1", "k2"}


def test_a_data_set_that_merges_by_tokens_is_in_the_way(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = Field("mail", "string")
    contract = make_contract((mail,), columns=(column(mail, mask=True),), primary_key=("mail",), load_mode="merge")
    monkeypatch.setattr(masking, "local_contract", lambda dataset: contract if dataset == "books" else None)

    code, _, err = run("masking", "rotate")

    assert (code, "books merges by a masked column: mail" in err) == (2, True)
    assert stored() == MaskingKeys({"k1": FIRST})


def test_a_time_that_is_none_is_refused(run: Run) -> None:
    code, _, err = run("masking", "rotate", "--at", "soon")

    assert (code, "is no time" in err) == (2, True)


@pytest.mark.parametrize("before_the_look", [True, False])
def test_who_changes_the_keys_at_the_same_moment_is_noticed(
    run: Run, monkeypatch: pytest.MonkeyPatch, before_the_look: bool
) -> None:
    real = client("secretsmanager")

    class Busy:
        """Somebody else writes before the second look at the keys, or after it."""

        looks = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def other(self) -> None:
            real.put_secret_value(SecretId="masking-key", SecretString=json.dumps({"keys": {"k1": FIRST, "k2": "his"}}))

        def get_secret_value(self, **words: Any) -> Any:
            self.looks += 1
            if before_the_look and self.looks == 2:
                self.other()
            return real.get_secret_value(**words)

        def put_secret_value(self, **words: Any) -> Any:
            if not before_the_look:
                self.other()
            return real.put_secret_value(**words)

    busy = Busy()
    monkeypatch.setattr(masking, "client", lambda name: busy)

    code, _, err = run("masking", "rotate")

    assert code in {1, 2}
    assert "somebody else" in err
    if before_the_look:
        assert stored().keys["k2"] == "his"


def test_the_tokens_of_a_value_are_those_of_every_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("masking", "rotate")
    monkeypatch.setattr(masking.typer, "prompt", lambda *_, **__: "a@example.com")

    code, out, _ = run("masking", "tokens", "--json")

    assert code == 0
    assert json.loads(out)["tokens"] == {name: token(stored(), name, "a@example.com") for name in ("k1", "k2")}
    assert run("masking", "tokens")[1].splitlines() == list(json.loads(out)["tokens"].values())


def test_a_secret_of_another_form_is_a_sentence_without_its_words(run: Run, stack: Stack) -> None:
    client("secretsmanager").put_secret_value(SecretId=stack.masking_secret_arn, SecretString='{"key": "s3cr3t"}')

    code, _, err = run("masking", "rotate")

    assert (code, "not of the form" in err, "s3cr3t" in err) == (2, True, False)


def test_no_secret_is_a_sentence(run: Run) -> None:
    client("secretsmanager").delete_secret(SecretId="masking-key", ForceDeleteWithoutRecovery=True)

    code, _, err = run("masking", "keys")

    assert (code, "AWS:" in err, "Traceback" in err) == (2, True, False)
