"""The installer's file: what it takes, and how it says no."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.config import Config, load_config, parse_config, settings_table
from scanner.core.errors import ConfigError

SIMULATED = b'[turnstile]\nbackend = "simulated"\n'


def test_a_file_without_settings_needs_a_relay() -> None:
    with pytest.raises(ConfigError, match=r"turnstile\.way_in\.relay") as refusal:
        parse_config(b"", "portillon.toml")
    assert refusal.value.code == "config_bad_value"


def test_simulation_is_only_what_the_file_says() -> None:
    assert parse_config(SIMULATED, "x").is_simulated
    wired = parse_config(b'[turnstile.way_in]\nrelay = "GPIO17"\n', "x")
    assert not wired.is_simulated
    assert not Config().is_simulated


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("[camra]\nfps = 3", "config_unknown_key", "camra: no such setting (valid: camera,"),
        (
            "[camera]\nfsp = 3",
            "config_unknown_key",
            "camera.fsp: no such setting (valid: bar_lengths,",
        ),
        ("[turnstile.way_in]\nrelais = 'x'", "config_unknown_key", "turnstile.way_in.relais"),
        ("[camera]\nfps = 0", "config_bad_value", "$.camera.fps"),
        ("[camera]\nbar_lengths = 14", "config_bad_value", "(valid: list of whole numbers)"),
        ("[camera]\nfps = 'fast'", "config_bad_value", "Expected `float`, got `str`"),
        ("[camera]\nsource = 'webcam'", "config_bad_value", "$.camera.source"),
        (
            "[camera]\nsource = 'webcam'",
            "config_bad_value",
            '(valid: "v4l2" | "csi" | "replay" | "none")',
        ),
        ("[turnstile]\npulse_ms = 99", "config_bad_value", ">= 100"),
        ("[turnstile]\npulse_ms = 99", "config_bad_value", "(valid: whole number, 100 to 2000)"),
        ("[camera]\nformats = ['qr', 4]", "config_bad_value", "(valid: list of text)"),
        ('[gate]\ndata_dir = "a\\u0000"', "config_bad_value", "gate.data_dir: "),
        ('[turnstile.way_in]\nrelay = "a\\nb"', "config_bad_value", "turnstile.way_in.relay: "),
        (
            "[camera]\nformats = ['qr', 'qx']",
            "config_bad_value",
            "camera.formats: code format 'qx'",
        ),
        ("[camera]\nformats = []", "config_bad_value", "(valid: qr, "),
        ("camera = 3", "config_bad_value", "$.camera"),
        ("[camera]\nsource = 'csi'\nwidth = 1000", "config_bad_value", "no multiple of 64 px"),
        ("[[camera]]\n[[camera]]\nfsp = 3", "config_unknown_key", "camera[1].fsp: no such setting"),
        ("[[camera]]\n[[camera]]\nfps = 0", "config_bad_value", "$.camera[1].fps"),
        ("[[camera]]\n[[camera]]\nfps = 0", "config_bad_value", "(valid: number, 1 to 120)"),
        ('[[camera]]\nname = "a\\nb"', "config_bad_value", "camera[0].name: "),
        ("[[camera]]\nformats = ['qx']", "config_bad_value", "camera[0].formats: code format"),
        ("[[camera]]\n[[camera]]", "config_bad_value", "two [[camera]] have the device '/dev/v"),
        (
            "[[camera]]\nname = '2'\n[[camera]]\ndevice = '/dev/b'",
            "config_bad_value",
            "two [[camera]] have the same name",
        ),
        (
            "\n".join(f"[[camera]]\ndevice = '/dev/{n}'" for n in range(5)),
            "config_bad_value",
            "5 cameras, over 4",
        ),
        (
            "[[scanner]]\ndevice = '/dev/a'\n[[scanner]]\ndevice = '/dev/a'",
            "config_bad_value",
            "two [[scanner]] have the device '/dev/a'",
        ),
        ("[[scanner]]\nbaud = 3", "config_bad_value", "(valid: whole number, 1200 to 921600)"),
        ("[[scanner]]\nkind = 'serial'", "config_bad_value", "names no device"),
        ("[[scanner]]\nbauds = 9600", "config_unknown_key", "scanner[0].bauds: no such setting"),
        ('[[scanner]]\nprefix = "a\\nb"', "config_bad_value", "scanner[0].prefix: "),
        ("scanner = 3", "config_bad_value", "$.scanner"),
        ("[camera", "config_not_toml", "Expected ']'"),
    ],
)
def test_a_wrong_line_is_named_with_what_would_be_right(text: str, code: str, says: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_config(text.encode(), "portillon.toml")
    assert refusal.value.code == code
    assert says in refusal.value.message
    assert refusal.value.message.startswith("portillon.toml: ")


def test_one_camera_or_several_each_with_its_name_and_its_way() -> None:
    assert list(Config().cameras) == ["camera"]
    named = parse_config(b'[camera]\nname = "in"\n' + SIMULATED, "x")
    assert list(named.cameras) == ["camera in"]
    several = b"""
        [[camera]]
        direction = "in"
        [[camera]]
        source = "none"
        [[camera]]
        name = "hall"
        direction = "out"
        device = "/dev/video2"
        [[scanner]]
        device = "/dev/ttyS0"
        """
    config = parse_config(several + SIMULATED, "x")
    assert {name: camera.direction for name, camera in config.cameras.items()} == {
        "camera 1": "in",
        "camera hall": "out",
    }
    assert list(config.scanners) == ["scanner 1"]
    assert parse_config(b"camera = []\n" + SIMULATED, "x").cameras == {}


def test_a_mark_with_which_some_editors_begin_a_file_is_no_fault() -> None:
    assert parse_config(b"\xef\xbb\xbf" + SIMULATED, "x") == parse_config(SIMULATED, "x")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_config(b"\xff\xfe[", "portillon.toml")
    assert refusal.value.code == "config_not_toml"


def test_a_replay_needs_something_to_play() -> None:
    with pytest.raises(ConfigError, match=r"camera\.path is empty"):
        parse_config(b"[camera]\nsource = 'replay'\n" + SIMULATED, "x")


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_config(tmp_path / "none.toml")
    assert refusal.value.code == "config_missing"
    assert "--config" in refusal.value.hint


def test_a_huge_file_is_not_parsed(tmp_path: Path) -> None:
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * 300_000)
    with pytest.raises(ConfigError, match="over 262144 bytes"):
        load_config(huge)


def test_paths_follow_the_data_folder(tmp_path: Path) -> None:
    file = tmp_path / "portillon.toml"
    file.write_bytes(b"[gate]\ndata_dir = '/srv/gate'\nruntime_dir = '/run/x'\n" + SIMULATED)
    config = load_config(file)
    assert config.sync.key_path == Path("/srv/gate/keys/device.key")
    assert config.runtime_dir == Path("/run/x")


def test_every_setting_has_a_type_a_default_and_a_meaning() -> None:
    rows = {row.name: row for row in settings_table()}
    assert rows["turnstile.pulse_ms"].kind == "whole number, 100 to 2000"
    assert rows["turnstile.way_in.relay"].default == '""'
    assert rows["camera.follow"].default == "false"
    assert rows["camera.formats"].default == '["qr", "aztec", "code128", "pdf417"]'
    assert rows["turnstile.backend"].kind == '"gpiod" | "rpi_gpio" | "simulated"'
    assert all(row.meaning.endswith(".") for row in rows.values())
