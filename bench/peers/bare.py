"""A loop over SES's SendEmail with Jinja2 and boto3 as it comes: `python -m bench.peers.bare 200 20`.

Nothing is stored, checked or retried: it is what the mails themselves cost. Prints CPU seconds without the warm-up.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import boto3
from jinja2 import Environment

from bench.harness.function import response
from local.demo import job


def main() -> None:
    messages, warm = map(int, sys.argv[1:])
    session: Any = boto3.Session("null", "null", region_name="eu-central-1")
    client = session.client("sesv2", endpoint_url="http://127.0.0.1:9")
    sent = json.dumps({"MessageId": "0" * 60}).encode()
    client.meta.events.register("before-send.*.*", lambda request, **_: response(request.url, 200, sent))
    parts = job.template()["channels"]["email"]
    compiled = {
        name: Environment(autoescape=name.endswith("html")).from_string(source) for name, source in parts.items()
    }
    data, began = job.example(), 0.0
    for number in range(messages + warm):
        if number == warm:
            began = time.process_time()
        user = {"id": f"user-{number:07d}", "name": f"User-{number:07d}", "locale": "en"}
        said = {name: {"Data": each.render(user=user, data=data)} for name, each in compiled.items()}
        client.send_email(
            FromEmailAddress="no-reply@example.com",
            Destination={"ToAddresses": [f"{user['id']}@example.com"]},
            Content={"Simple": {"Subject": said["subject"], "Body": {"Html": said["html"], "Text": said["text"]}}},
        )
    print(time.process_time() - began)


if __name__ == "__main__":
    main()
