"""Packed files, whose content ends where it may."""

from __future__ import annotations

import bz2
import gzip
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ganzoo.data.files import unpacked


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_the_content_whatever_packed_it(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    content = bytes(range(256)) * 10
    (tmp_path / "a").write_bytes(pack(content))
    with unpacked(tmp_path / "a", len(content)) as stream:
        assert stream.read() == content
        assert stream.seek(5) == stream.tell() == 5
        assert stream.read(3) == bytes([5, 6, 7])


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_no_more_than_that_is_read(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(pack(bytes(5000)))
    with unpacked(tmp_path / "a", 4000) as stream:
        assert len(stream.read(4000)) == 4000
        with pytest.raises(OSError, match="it holds more than 4000 bytes"):
            stream.read(1)
        with pytest.raises(OSError, match="it holds more than 4000 bytes"):
            stream.seek(4001)


def test_a_header_of_an_archive_that_declares_a_gigabyte(tmp_path: Path) -> None:
    member = tarfile.TarInfo("pax")
    member.size, member.type = 1 << 30, tarfile.XHDTYPE
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(member.tobuf(tarfile.USTAR_FORMAT) + bytes(5000)))
    with (
        unpacked(tmp_path / "a.tar.gz", 1 << 20) as stream,
        pytest.raises(OSError, match="it holds more than"),
        tarfile.open(fileobj=stream, mode="r:") as archive,
    ):
        archive.getmembers()
