"""Handlebars and merge tags become Jinja2 where it is mechanical; the rest is listed."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from fanfare.templates.renderer import Renderer
from fanfare_client.cli import files
from fanfare_client.cli.app import app
from fanfare_client.imports import Unreadable
from fanfare_client.imports.languages import converted, handlebars, merge_tags
from typer.testing import CliRunner

from .deployment import Deployment
from .test_bundle import imported

USER: dict[str, Any] = {"id": "ada", "name": "Ada", "locale": "en", "time_zone": "UTC", "attributes": {"plan": "pro"}}


def rendered(text: str, data: dict[str, Any]) -> str:
    body = {"channels": {"inbox": {"title": "T", "body": text}}}
    return Renderer().render(body, "inbox", locale="en", data=data, user=USER)["body"]


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


@pytest.mark.parametrize(
    ("source", "data", "printed"),
    [
        ("{{#each a}}{{@index}}{{../sep}}{{#each b}}{{this}}{{../../sep}}{{/each}}{{else}}none{{/each}}",
         {"a": [{"b": ["x", "y"]}], "sep": ";"}, "0;x;y;"),
        ("{{#each a}}{{this}}{{else}}none{{/each}}", {"a": []}, "none"),
        ("{{#if a}}A{{else if b}}B{{else}}C{{/if}}", {"a": False, "b": True}, "B"),
        ("{{#each a}}{{#unless @first}}, {{/unless}}{{name}}{{/each}}", {"a": [{"name": "x"}, {"name": "y"}]}, "x, y"),
        ("a {{~#if b~}} c {{~/if~}} d", {"b": True}, "acd"),
        ("a{#b{c:d}} {%x {{e}}", {"e": 1}, "a{#b{c:d}} {%x 1"),
        ("{{!-- {{a}} --}}b", {}, "b"),
    ],
)  # fmt: skip
def test_converted_handlebars_print_what_they_printed(source: str, data: dict[str, Any], printed: str) -> None:
    found = handlebars(source)
    assert (found.left, rendered(found.text, data)) == ([], printed)


def test_the_example_has_every_variable() -> None:
    found = handlebars(
        "{{#each lines}}{{name}} {{#each tags}}{{this}}{{/each}}{{../order.id}}{{/each}}"
        "{{#if order}}{{order.total.net}}{{/if}}{{#if lines}}{{paid}}{{/if}}"
    )
    assert found.example == {
        "lines": [{"name": "name", "tags": ["tags"]}],
        "order": {"id": "id", "total": {"net": "net"}},
        "paid": "paid",
    }


def test_what_is_not_mechanical_is_listed_and_left() -> None:
    source = "{{{html}}} {{> footer}} {{formatDate at}} {{#if (eq a b)}}x{{else}}y{{/if}} {{&raw}} {{#with a}}{{/with}}"
    found = handlebars(source)
    assert found.text == source
    assert found.left == [
        ("{{{html}}}", "unescaped HTML: Fanfare always escapes data"),
        ("{{> footer}}", "a partial: make it one of the template's partials"),
        ("{{formatDate at}}", "a helper: use a filter, or prepare the value in the data"),
        ("{{#if (eq a b)}}", "a helper, or a block of Handlebars that is not #if, #unless or #each of one variable"),
        ("{{&raw}}", "unescaped HTML: Fanfare always escapes data"),
        ("{{#with a}}", "a helper, or a block of Handlebars that is not #if, #unless or #each of one variable"),
    ]


def test_the_end_of_a_block_that_is_left_ends_no_other() -> None:
    found = handlebars("{{#if a}}{{#if (eq a b)}}x{{/if}}{{c}}{{/if}}")
    assert found.text == "{% if data.a %}{{#if (eq a b)}}x{{/if}}{{ data.c }}{% endif %}"


def test_merge_tags_become_jinja() -> None:
    found = merge_tags("*|FNAME|* *|IF:PLAN|*on *|PLAN|**|ELSE:|*no*|END:IF|* *|UNSUB|* *|EMAIL|* *|DATE:d/m|*")
    assert found.text == (
        "{{ user.name }} {% if user.attributes.plan %}on {{ user.attributes.plan }}{% else %}no{% endif %} "
        "{{ links.unsubscribe }} *|EMAIL|* *|DATE:d/m|*"
    )
    assert found.left == [
        ("*|EMAIL|*", "templates do not see the address"),
        ("*|DATE:d/m|*", "Fanfare has no such tag"),
    ]


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("*|IF:PLAN=free|*f*|ELSEIF:PLAN=pro|*p*|ELSE:|*o*|END:IF|*", "p"),
        ("*|IF:PLAN!=pro|*a*|END:IF|**|IFNOT:CITY|*b*|END:IF|*", "b"),
        ("*|IF:PLAN|**|IF:CITY|*c*|ELSE:|*d*|END:IF|**|END:IF|*", "d"),
        ("Dear *|FNAME|* *|LNAME|*, {{ x }}", "Dear Ada, {{ x }}"),
        ("@media x{#a{b:c}} *|PLAN|*", "@media x{#a{b:c}} pro"),
    ],
)
def test_converted_merge_tags_print_what_they_printed(source: str, printed: str) -> None:
    found = merge_tags(source)
    assert (found.left, rendered(found.text, {})) == ([], printed)


def test_a_condition_of_mailchimps_own_is_left_whole() -> None:
    source = "<!--*|IF:MC_PREVIEW_TEXT|*--><i>*|MC_PREVIEW_TEXT|*</i><!--*|END:IF|*-->*|IF:AGE>1|*a*|ELSE:|*b*|END:IF|*"
    found = converted(source)
    assert found.text == source
    assert [what for what, _ in found.left] == ["*|IF:MC_PREVIEW_TEXT|*", "*|MC_PREVIEW_TEXT|*", "*|IF:AGE>1|*"]


def ses(**content: str) -> str:
    # https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetEmailTemplate.html
    return json.dumps({"TemplateName": "Shipped", "TemplateContent": content})


def test_templates_of_ses_and_pinpoint_are_stored(tmp_path: Path) -> None:
    defaults = json.dumps({"code": "none", "Attributes.City": "town"})
    body = "Your code: {{code}} in {{Attributes.City}}"
    sms = {"SMSTemplateResponse": {"TemplateName": "Code", "Body": body, "DefaultSubstitutions": defaults}}
    file = tmp_path / "templates.json"
    file.write_text(ses(Subject="Order {{id}}", Text="{{id}}") + "\n" + json.dumps(sms) + "\n")
    deployment = Deployment()
    summary = imported(deployment, file)
    assert (summary.templates, summary.rejected) == ({"new": 2}, {})
    with deployment.client() as fanfare:
        assert fanfare.templates.get("Shipped")["channels"] == {
            "email": {"subject": "Order {{ data.id }}", "text": "{{ data.id }}"}
        }
        assert fanfare.templates.get("Code")["channels"] == {
            "sms": {
                "text": 'Your code: {{ data.code | default("none") }} in {{ user.attributes.city | default("town") }}'
            }
        }
        assert fanfare.templates.preview("Code", channel="sms", data={})["text"] == "Your code: none in town"
    assert imported(deployment, file).templates == {"unchanged": 2}
    file.write_text(ses(Subject="Order {{id}}", Html="<p>{{> foot}}{{id}}</p>"))
    assert imported(deployment, file, apply=False).fields == {"not_converted": 1}


def test_templates_of_mailchimps_account_are_stored(tmp_path: Path) -> None:
    # https://mailchimp.com/help/export-and-back-up-account-data/: a folder of templates as HTML
    file = tmp_path / "account.zip"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("templates/Welcome back.html", "<title>Hi *|FNAME|*</title><p>*|CITY|* *|EMAIL|*</p>")
        packed.writestr("campaigns_content/1.html", "<p>not a template</p>")
    deployment = Deployment()
    summary = imported(deployment, file)
    assert (summary.source, summary.templates, summary.fields) == ("mailchimp", {"new": 1}, {"not_converted": 1})
    with deployment.client() as fanfare:
        body = fanfare.templates.get("Welcome-20back")
    assert body["channels"] == {
        "email": {
            "subject": "Hi {{ user.name }}",
            "html": "<title>Hi {{ user.name }}</title><p>{{ user.attributes.city }} *|EMAIL|*</p>",
        }
    }


def test_a_file_is_converted_into_a_folder_that_can_be_pushed(tmp_path: Path) -> None:
    file = tmp_path / "welcome.html"
    file.write_text("<title>Hi *|FNAME|*</title><p>*|CITY|* *|DATE:Y|*</p>")
    done = CliRunner().invoke(app, ["templates", "convert", str(file), str(tmp_path / "out")])
    assert (done.exit_code, done.stdout.splitlines()) == (
        3,
        [f"{tmp_path}/out/welcome", "  email.html: not converted: *|DATE:Y|*: Fanfare has no such tag"],
    )
    assert files.template(tmp_path / "out" / "welcome") == {
        "channels": {
            "email": {
                "subject": "Hi {{ user.name }}",
                "html": "<title>Hi {{ user.name }}</title><p>{{ user.attributes.city }} *|DATE:Y|*</p>",
            }
        },
    }
    again = CliRunner().invoke(app, ["templates", "convert", str(file), str(tmp_path / "out")])
    assert (again.exit_code, "exists" in again.stderr) == (2, True)
    text = tmp_path / "code.txt"
    text.write_text("Your code: {{code}}")
    assert CliRunner().invoke(app, ["templates", "convert", str(text), str(tmp_path / "out")]).exit_code == 3
    assert (tmp_path / "out/code/email/text.txt").read_text() == "Your code: {{ data.code }}\n"


def test_a_table_that_is_html_is_no_template(tmp_path: Path) -> None:
    file = tmp_path / "users.xls"
    file.write_text("<table><tr><td>id</td></tr></table>")
    with pytest.raises(Unreadable):
        imported(Deployment(), file)
