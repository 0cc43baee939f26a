"""One module knows the embedded server: no other one gives hints to the database or names it."""

import re

from tests.rules.source_files import source_files

_WORK_AROUND = re.compile(r"\.hint\(|\bsome (MongoDB )?servers\b|SecantusDB", re.IGNORECASE)


def test_only_one_module_works_around_the_embedded_server() -> None:
    sources = source_files("bot", "jobs", "models")
    files = [source.path for source in sources if _WORK_AROUND.search(source.text)]

    assert files == ["models/infra/embedded_server.py"]
