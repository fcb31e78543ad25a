"""`make verify` explains why it cannot check anything."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from google.auth.exceptions import DefaultCredentialsError

from tests.verify.test_deployment import outputs
from verify import __main__ as command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command.main, arguments)


def test_malformed_outputs_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "outputs.json"
    file.write_text("{}")
    said = run("--outputs", str(file))

    assert said.exit_code == 1
    assert "not the outputs of an applied deployment" in said.output


def test_without_terraform_it_asks_for_its_outputs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = run()

    assert said.exit_code == 1
    assert "--outputs" in said.output


def test_a_failure_of_terraform_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    terraform = tmp_path / "terraform"
    terraform.write_text("#!/bin/sh\necho no backend >&2\nexit 1\n")
    terraform.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    said = run()

    assert said.exit_code == 1
    assert "terraform output: no backend" in said.output


def test_without_a_sign_in_there_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_arguments: str) -> None:
        raise DefaultCredentialsError

    monkeypatch.setattr(command, "open_client", refuse)
    file = tmp_path / "outputs.json"
    file.write_bytes(outputs())
    said = run("--outputs", str(file), "--json")

    assert said.exit_code == 1
    assert "gcloud auth application-default login" in said.output


@pytest.mark.parametrize("text", ["[1]", "{"])
def test_a_malformed_file_of_tokens_is_refused(tmp_path: Path, text: str) -> None:
    file, tokens = tmp_path / "outputs.json", tmp_path / "tokens.json"
    file.write_bytes(outputs())
    tokens.write_text(text)
    said = run("--outputs", str(file), "--tokens", str(tokens))

    assert said.exit_code != 0
    assert json.dumps("PARTNER") in said.output
