"""What is done with a message: cancel it, or send it again to the failed recipients. Each asks first."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from ..api import InternalApi, Refused
from ..filters import listed, number, plural


@dataclass(frozen=True)
class MessageActions:
    """The views, over the internal API."""

    api: InternalApi

    def cancel(self, message_id: str) -> str | Answer:
        if request.method == "GET":
            return render_template("message_cancel.html", message=self.api.get("messages", message_id))
        try:
            answer = self.api.delete("messages", message_id)
        except Refused as refused:
            return _back(message_id, refused)
        if not any(answer[name] for name in ("already_sent", "in_flight", "withheld")):
            flash("Message cancelled before it was sent to anyone.", "done")
            return redirect(url_for(".one", message_id=message_id))
        parts = [f"{number(answer['already_sent'])} already sent", f"{number(answer['in_flight'])} in flight"]
        said = listed([*parts, f"withheld from {plural(answer['withheld'], 'recipient')}"])
        flash(f"Message cancelled: {said}.", "done")
        return redirect(url_for(".one", message_id=message_id))

    def redrive(self, message_id: str) -> str | Answer:
        if request.method == "GET":
            return render_template("message_redrive.html", message=self.api.get("messages", message_id))
        try:
            self.api.post("messages", message_id, "redrives")
        except Refused as refused:
            return _back(message_id, refused)
        flash("Sending again to the failed recipients.", "done")
        return redirect(url_for(".one", message_id=message_id))


def _back(message_id: str, refused: Refused) -> Answer:
    """Redirects to the message and shows the API's error. Raises it again if it is not a conflict."""
    if refused.status != 409:
        raise refused
    flash(f"Not possible in the current state: {refused.detail.removesuffix('.')}.", "failed")
    return redirect(url_for(".one", message_id=message_id))
