"""Key files: made whole or not at all with mode 0600, refused when others may read them, given a next sealing key."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from settlement.durable import sync_folder
from settlement.errors import BadInput, NotAvailable
from settlement.vault.keys import KeyVault
from settlement.vault.texts import KEY_BYTES, LAST_NUMBER, keys_of, malformed, new_keys, text_of

KEYS_ENV, KEYS_FILE_ENV = "SETTLEMENT_KEYS", "SETTLEMENT_KEYS_FILE"


def read_key_file(path: Path) -> str:
    """Return the text of a key file. Raises NotAvailable V01 (no file) or V03 (others may read it), BadInput V04."""
    try:
        with open(path, "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise NotAvailable(
                    "V03_KEYS_LIE_OPEN",
                    f"key file {path} has mode {mode:04o}: others than its owner may use it",
                    "Whoever reads the keys reads every person in the book",
                    f"Run: chmod 600 {path}; if strangers had access, make a new sealing key",
                    "密钥文件权限过宽，请改为仅属主可读（chmod 600）",
                )
            return file.read().decode()
    except UnicodeDecodeError:
        raise malformed("not UTF-8 text") from None
    except OSError as fault:
        raise NotAvailable(
            "V01_NO_KEYS",
            f"no key file at {path} ({fault.strerror})",
            "The book keeps persons sealed and cannot be used without its keys",
            f"Name the key file with {KEYS_FILE_ENV}, or let a new book make one",
            "找不到密钥文件，账本无法打开",
        ) from fault


def _write_whole(path: Path, text: str, fresh: bool) -> None:
    """Write a key file of mode 0600, whole and durable or not at all; ``fresh``: FileExistsError if there is one.

    A book whose key file went with the power would be lost, so file and folder are synced before anything is sealed.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if fresh:
            os.link(beside, path)  # unlike a rename this never takes the place of a file
        else:
            beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)


def open_vault(path: Path | None = None, create: bool = False) -> KeyVault:
    """Return the vault of a key file, else of SETTLEMENT_KEYS (the key text itself), else of SETTLEMENT_KEYS_FILE.

    With ``create`` a key file that is not there is made, with mode 0600; one that is there is only read. Raises
    NotAvailable V01 (no keys) or V03 (the file is open to others), BadInput V04 (not a key text).
    """
    if path is None and (text := os.environ.get(KEYS_ENV)):
        return KeyVault.from_text(text)
    if path is None and (named := os.environ.get(KEYS_FILE_ENV)):
        path = Path(named)
    if path is None:
        raise NotAvailable(
            "V01_NO_KEYS",
            "no keys given",
            "The book keeps persons sealed and cannot be used without its keys",
            f"Name the key file with {KEYS_FILE_ENV}, or hand the key text over in {KEYS_ENV}",
            "没有提供密钥，账本无法打开",
        )
    if create and not path.exists():
        try:
            _write_whole(path, new_keys(), fresh=True)
        except FileExistsError:
            pass  # another process was quicker: its keys are the keys
        except OSError as fault:
            raise NotAvailable(
                "V01_NO_KEYS",
                f"key file {path} cannot be made ({fault.strerror})",
                "The book keeps persons sealed and cannot be used without its keys",
                "Choose a folder that exists and may be written to",
                "无法创建密钥文件，请检查目录和权限",
            ) from fault
    return KeyVault.from_text(read_key_file(path))


def add_sealing_key(path: Path) -> KeyVault:
    """Give a key file its next sealing key and return the vault that uses it; what was sealed before still opens.

    Programs that run keep to the keys they read; start them again to use the new one. Raises like ``open_vault``, and
    BadInput V05 if all 255 numbers are used.
    """
    keys = keys_of(read_key_file(path))
    number = max(keys.seal) + 1
    if number > LAST_NUMBER:
        raise BadInput(
            "V05_NO_NUMBER_LEFT",
            f"key file {path} already holds sealing key {LAST_NUMBER}",
            "A sealed text names its key by one byte",
            "Go on with the newest key, or begin a new book",
        )
    keys.seal[number] = secrets.token_bytes(KEY_BYTES["seal"])
    _write_whole(path, text_of(keys), fresh=False)
    return KeyVault(keys)
