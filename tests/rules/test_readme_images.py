"""The README's pictures: there, of the sizes they say, and small enough to load."""

import re
import struct

import pytest

from sandbox.browser.chromium import DESKTOP_SIZE, PHONE_SIZE
from tests.project import ROOT

FOLDER = ROOT / "docs" / "pictures"
SHOWN = sorted(set(re.findall(r"\]\((docs/pictures/[^)]+)\)", (ROOT / "README.md").read_text())))
MOST_BYTES = 300_000
SIZES = {"desktop": DESKTOP_SIZE, "phone": PHONE_SIZE}


@pytest.mark.parametrize("shown", SHOWN)
def test_a_picture_is_small_and_of_the_size_it_says(shown: str) -> None:
    content = (ROOT / shown).read_bytes()

    # https://www.w3.org/TR/png-3/#11IHDR
    assert content[1:4] == b"PNG"
    assert struct.unpack(">II", content[16:24]) == SIZES[shown.rpartition("-")[2][:-4]]
    assert len(content) < MOST_BYTES


def test_every_picture_that_is_taken_is_shown() -> None:
    assert [path.relative_to(ROOT).as_posix() for path in sorted(FOLDER.iterdir())] == SHOWN
