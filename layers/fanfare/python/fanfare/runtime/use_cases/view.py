"""View: a message in the browser. Apart from the other use cases of readers, because it brings templates."""

from __future__ import annotations

from fanfare.insight.content import SentContent, ViewContent
from fanfare.pipeline.fan_out.candidates import Candidates
from fanfare.runtime import signing, stores
from fanfare.runtime.registry import opened
from fanfare.runtime.renderer import renderer
from fanfare.runtime.settings import clock


@opened.once
def view() -> ViewContent:
    sent = SentContent(
        messages=stores.messages(),
        batches=stores.batches(),
        deliveries=stores.deliveries(),
        candidates=Candidates(audience=stores.audience(), catalogue=stores.catalogue()),
        renderer=renderer(),
    )
    return ViewContent(sent=sent, links=signing.public_links(), clock=clock())
