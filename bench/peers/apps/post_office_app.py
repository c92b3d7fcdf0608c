"""Django with django-post_office: mails are rows, queued in bulk, and sent by its management command.

    python post_office_app.py prepare                   the tables
    python post_office_app.py submit 10000              one message to 10,000 users
    python post_office_app.py submit_each 200           a message to each of 200 users
    python post_office_app.py send_queued_mail          the command for cron

The template is stored once and rendered when a mail is sent. Failed mails are retried. The command works until its
queue is empty, with one connection per process.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import django
from common import DATA, SINK_PORT, TEMPLATE, people, posted_each, unsubscribe_headers
from django.conf import settings
from django.core.management import call_command

_, _, _place = os.environ["PEER_POSTGRESQL"].partition("host=")
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "post_office"],
    DATABASES={
        "default": {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "peer", "HOST": _place}
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    EMAIL_BACKEND="post_office.EmailBackend",
    EMAIL_HOST="127.0.0.1",
    EMAIL_PORT=SINK_PORT,
    TEMPLATES=[
        {"BACKEND": "django.template.backends.jinja2.Jinja2", "NAME": "post_office", "OPTIONS": {"autoescape": True}},
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "NAME": "django"},
    ],
    POST_OFFICE={
        "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
        "TEMPLATE_ENGINE": "post_office",
        "THREADS_PER_PROCESS": 2,
        "MAX_RETRIES": 8,
        "LOG_LEVEL": 1,
    },
)
django.setup()

from post_office import mail  # noqa: E402 - needs the settings
from post_office.models import EmailTemplate  # noqa: E402

PAGE = 1_000
IDLE_SECONDS = 1.0  # seconds between two runs of the command; cron would wait a minute


def prepare() -> None:
    call_command("migrate", verbosity=0)
    parts = {"subject": "email/subject.txt", "content": "email/text.txt", "html_content": "email/html.html"}
    EmailTemplate.objects.create(
        name="order-shipped", **{part: (TEMPLATE / name).read_text().rstrip("\n") for part, name in parts.items()}
    )


def submit(count: int) -> None:
    audience = people(count)
    template = EmailTemplate.objects.get(name="order-shipped")
    for first in range(0, len(audience), PAGE):
        mail.send_many([_mail(user, template) for user in audience[first : first + PAGE]])


def submit_each(count: int) -> None:
    template = EmailTemplate.objects.get(name="order-shipped")
    posted_each(count, lambda user: mail.send(**_mail(user, template)))


def _mail(user: dict[str, str], template: EmailTemplate) -> dict[str, Any]:
    return {
        "recipients": [user["email"]],
        "sender": "no-reply@example.com",
        "template": template,
        "context": {"user": user, "data": DATA},
        "headers": unsubscribe_headers(user["id"]),
        "render_on_delivery": True,
    }


def work() -> None:
    while True:
        call_command("send_queued_mail", processes=1, lockfile=os.path.join(_place, "post_office"), log_level=1)
        time.sleep(IDLE_SECONDS)


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare()
    elif sys.argv[1] == "submit":
        submit(int(sys.argv[2]))
    elif sys.argv[1] == "submit_each":
        submit_each(int(sys.argv[2]))
    else:
        work()
