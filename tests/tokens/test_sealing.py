import os
import stat
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from impersonator_api.settings import Settings
from impersonator_api.tokens import MasterKeys, load_master_keys
from impersonator_api.tokens.errors import MasterKeyWrongError
from impersonator_api.tokens.sealing import parse_master_keys


def fresh(count: int = 1) -> str:
    return ",".join(b64encode(os.urandom(32)).decode() for _ in range(count))


def keys(text: str) -> MasterKeys:
    return parse_master_keys(text, source="the test")


def test_what_was_sealed_opens() -> None:
    master_keys = keys(fresh())

    assert master_keys.unseal(master_keys.seal(b"private", kid="k"), kid="k") == b"private"


def test_the_same_secret_never_looks_the_same() -> None:
    master_keys = keys(fresh())

    assert master_keys.seal(b"private", kid="k") != master_keys.seal(b"private", kid="k")


def test_a_key_moved_to_another_row_does_not_open() -> None:
    master_keys = keys(fresh())

    with pytest.raises(MasterKeyWrongError):
        master_keys.unseal(master_keys.seal(b"private", kid="k"), kid="other")


@pytest.mark.parametrize("place", [0, 1, 5, 13, -1])
def test_one_changed_byte_is_noticed(place: int) -> None:
    master_keys = keys(fresh())
    sealed = bytearray(master_keys.seal(b"private", kid="k"))

    sealed[place] ^= 1

    with pytest.raises(MasterKeyWrongError):
        master_keys.unseal(bytes(sealed), kid="k")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + b"n" * 11, b"\x01" + b"n" * 12])
def test_what_was_cut_short_does_not_open(sealed: bytes) -> None:
    with pytest.raises(MasterKeyWrongError):
        keys(fresh()).unseal(sealed, kid="k")


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    old, new = fresh(), fresh()
    sealed = keys(old).seal(b"private", kid="k")
    both = keys(f"{new}, {old}")

    assert both.unseal(sealed, kid="k") == b"private"
    assert not both.is_sealed_by_first(sealed, kid="k")
    assert keys(new).unseal(both.seal(b"private", kid="k"), kid="k") == b"private"


@pytest.mark.parametrize(
    "value",
    ["", "c2hvcnQ=", "not base64!", fresh() + ",", fresh() + ",c2hvcnQ=", "é"],
    ids=["empty", "short", "no base64", "nothing second", "short second", "no ascii"],
)
def test_a_wrong_master_key_is_named_by_place_and_never_shown(value: str) -> None:
    settings = Settings(master_key=SecretStr(value))

    with pytest.raises(MasterKeyWrongError) as told:
        load_master_keys(settings)

    assert told.value.detail.startswith(f"Key {value.count(',') + 1} in IMPERSONATOR_MASTER_KEY is not 32 bytes")
    assert not value or value not in str(told.value)
    assert told.value.__context__ is None


def test_master_keys_do_not_show_in_logs() -> None:
    assert repr(keys(fresh())) == "MasterKeys()"


def test_development_makes_its_key_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")

    sealed = load_master_keys(settings).seal(b"private", kid="k")

    assert load_master_keys(settings).unseal(sealed, kid="k") == b"private"
    assert stat.S_IMODE((tmp_path / "data/master.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["master.key"]


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: load_master_keys(settings), range(8)))

    sealed = made[0].seal(b"private", kid="k")
    assert {each.unseal(sealed, kid="k") for each in made} == {b"private"}


def test_a_spoiled_key_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_text("spoiled")

    with pytest.raises(MasterKeyWrongError, match=r"master\.key"):
        load_master_keys(Settings(data_dir=tmp_path))
