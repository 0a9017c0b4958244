"""`portillon` itself: what becomes of faults that no command has foreseen for somebody at a terminal."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from scanner.cli import LazyGroup, main


def test_an_account_that_may_not_look_is_told_so_without_a_traceback() -> None:
    def deny() -> None:
        raise PermissionError(13, "Permission denied", "ledger")

    group = LazyGroup("portillon", callback=deny, invoke_without_command=True)
    result = CliRunner().invoke(group, [])

    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (2, True)
    assert "may not touch 'ledger'" in result.stderr
    assert "[account_may_not]" in result.stderr


def test_a_pointer_that_cannot_be_read_is_not_told_as_a_gate_that_knows_nobody(
    tmp_path: Path,
) -> None:
    config, pointer = tmp_path / "gate.toml", tmp_path / "cache" / "current"
    config.write_text(f'[gate]\ndata_dir = "{tmp_path}"\n[turnstile]\nbackend = "simulated"\n')
    pointer.parent.mkdir()
    pointer.symlink_to(pointer)
    result = CliRunner().invoke(main, ["snapshot", "status", "--config", str(config)])

    assert (result.exit_code, "[cache_unreadable]" in result.stderr) == (2, True)
