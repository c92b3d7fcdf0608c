# lines of files
"""Handlebars and merge tags become Jinja2 where it is mechanical; the rest is listed."""

from __future__ import annotations

import json
from pathlib import Path

from fanfare_client.imports.foreign import handlebars, merge_tags

from .deployment import Deployment
from .test_bundle import imported


def test_handlebars_become_jinja() -> None:
    found = handlebars(
        "Hi {{User.UserAttributes.FirstName}}{{! a note }}, {{#if vip}}dear{{else}}hello{{/if}} {{order.id}} "
        "{{#each items}}{{this.name}}/{{price}} {{/each}}{{#unless paid}}pay{{/unless}} {{Attributes.Home-City}}"
    )
    assert found.text == (
        "Hi {{ user.name }}, {% if data.vip %}dear{% else %}hello{% endif %} {{ data.order.id }} "
        "{% for item1 in data.items %}{{ item1.name }}/{{ item1.price }} {% endfor %}"
        "{% if not data.paid %}pay{% endif %} {{ user.attributes.home_city }}"
    )
    assert found.left == []


def test_what_is_not_mechanical_is_listed_and_left() -> None:
    source = "{{{html}}} {{> footer}} {{formatDate at}} {{#if (eq a b)}}x"
    found = handlebars(source)
    assert found.text == source
    assert [what for what, _ in found.left] == ["{{{html}}}", "{{> footer}}", "{{formatDate at}}", "{{#if (eq a b)}}"]


def test_merge_tags_become_jinja() -> None:
    found = merge_tags("*|FNAME|* *|IF:PLAN|*on *|PLAN|**|ELSE:|*no*|END:IF|* *|UNSUB|* *|EMAIL|* *|DATE:d/m|*")
    assert found.text == (
        "{{ user.name }} {% if user.attributes.plan %}on {{ user.attributes.plan }}{% else %}no{% endif %} "
        "{{ links.unsubscribe }} *|EMAIL|* *|DATE:d/m|*"
    )
    assert [what for what, _ in found.left] == ["*|EMAIL|*", "*|DATE:d/m|*"]


def test_templates_of_ses_and_pinpoint_are_stored(tmp_path: Path) -> None:
    # https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetEmailTemplate.html
    ses = {"TemplateName": "Shipped", "TemplateContent": {"Subject": "Order {{id}}", "Html": "<p>{{> foot}}{{id}}</p>"}}
    pinpoint = {"SMSTemplateResponse": {"TemplateName": "Code", "Body": "Your code: {{code}}", "Version": "1"}}
    file = tmp_path / "templates.json"
    file.write_text(
        json.dumps({**ses, "TemplateContent": {"Subject": "Order {{id}}", "Text": "{{id}}"}})
        + "\n"
        + json.dumps(pinpoint)
        + "\n"
    )
    deployment = Deployment()
    summary = imported(deployment, file)
    assert (summary.templates, summary.rejected) == ({"new": 2}, {})
    with deployment.client() as fanfare:
        assert fanfare.templates.get("Shipped")["channels"] == {
            "email": {"subject": "Order {{ data.id }}", "text": "{{ data.id }}"}
        }
        assert fanfare.templates.get("Code")["channels"] == {"sms": {"text": "Your code: {{ data.code }}"}}
    assert imported(deployment, file).templates == {"unchanged": 2}
    file.write_text(json.dumps(ses))
    assert imported(deployment, file, apply=False).fields == {"not_converted": 1}
