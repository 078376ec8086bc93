"""Check an RO-Crate with roc-validator, without a network.

    python validate_crate.py CRATE CONTEXT

It runs in an environment of its own (.ci/run makes it), since roc-validator needs other versions of
packages than the lock has. CONTEXT is the file with RO-Crate's JSON-LD context that the library
`rocrate` ships. It is put into the validator's cache, which otherwise downloads it.
"""

import json
import sys
import tempfile
from pathlib import Path

import requests
from requests_cache import CachedSession
from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings
from urllib3 import HTTPResponse


def cached(address: str, text: bytes, cache: str) -> None:
    """Put the answer to a request into the validator's cache."""
    answer = requests.Response()
    answer.status_code, answer.url, answer._content = 200, address, text
    answer.headers["Content-Type"] = "application/ld+json"
    answer.raw = HTTPResponse(request_url=address, headers=answer.headers, status=200)
    answer.request = requests.Request("GET", address).prepare()
    CachedSession(cache, backend="sqlite").cache.save_response(answer)


def main(crate: str, context: str) -> int:
    text = Path(context).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        cache = str(Path(folder) / "cache")
        cached(json.loads(text)["@id"], text, cache)
        settings = ValidationSettings(
            rocrate_uri=crate,
            requirement_severity=Severity.RECOMMENDED,
            offline=True,
            cache_path=cache,
        )
        issues = services.validate(settings).get_issues()
    for issue in issues:
        where = issue.violatingEntity
        print(f"{issue.severity.name} {issue.check.identifier}: {issue.message} ({where})")
    print(f"{len(issues)} issues")
    return bool(issues)


sys.exit(main(*sys.argv[1:]))
