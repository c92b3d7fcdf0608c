"""Files of many people: uploaded, compared with what is stored, and imported after a second look."""

from __future__ import annotations

import secrets
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from flask import Response, abort, redirect, render_template, request, send_file, url_for
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response as Answer

from ..api import InternalApi
from ..host import CanNotImport, ImportFile

LARGEST: Final = 50_000_000  # bytes
RUNNING: Final = ("checking", "importing")


@dataclass
class Job:
    """One uploaded file. `state`: checking → checked → importing → done, or failed."""

    file: Path
    topics: Sequence[str]
    state: str = "checking"
    phase: str = ""
    finished: int = 0
    total: int | None = None
    summary: Any = None
    error: str = ""

    @property
    def report(self) -> Path:
        return self.file.with_name(f"{self.file.name}.report.jsonl")

    def progress(self, phase: str, finished: int, total: int | None) -> None:
        self.phase, self.finished, self.total = phase, finished, total


@dataclass
class ImportPages:
    """The views. Files lie in a folder that only this operator reads, until the console ends."""

    api: InternalApi
    import_file: ImportFile | None
    jobs: dict[str, Job] = field(default_factory=dict)
    folder: Any = None

    def upload(self) -> str | tuple[str, int] | Answer:
        if self.import_file is None:
            return render_template("import_missing.html")
        if request.method == "GET":
            return self._page()
        request.max_content_length = LARGEST
        given = request.files.get("file")
        if given is None or not given.filename:
            return self._page("Choose a file.")
        job_id = secrets.token_urlsafe(12)
        self.folder = self.folder or tempfile.TemporaryDirectory(prefix="fanfare-console-")
        place = Path(self.folder.name) / job_id
        place.mkdir(mode=0o700)
        file = place / (secure_filename(given.filename) or "people.csv")
        given.save(file)
        job = self.jobs[job_id] = Job(file=file, topics=request.form.getlist("topics"))
        self._start(job, apply=False)
        return redirect(url_for(".import_one", job_id=job_id))

    def one(self, job_id: str) -> str | Answer:
        job = self.jobs.get(job_id) or abort(404)
        if request.method == "POST" and job.state == "checked":
            job.state = "importing"
            self._start(job, apply=True)
            return redirect(url_for(".import_one", job_id=job_id))
        return render_template("import_one.html", job=job, job_id=job_id, running=job.state in RUNNING)

    def report(self, job_id: str) -> Response:
        job = self.jobs.get(job_id) or abort(404)
        if not job.report.exists():
            abort(404)
        return send_file(job.report, mimetype="application/jsonl", as_attachment=True)

    def _page(self, fault: str = "") -> tuple[str, int]:
        page = render_template("import_upload.html", topics=[*self.api.every("topics")], fault=fault)
        return page, 422 if fault else 200

    def _start(self, job: Job, *, apply: bool) -> None:
        threading.Thread(target=self._run, args=(job,), kwargs={"apply": apply}, daemon=True).start()

    def _run(self, job: Job, *, apply: bool) -> None:
        assert self.import_file is not None
        try:
            job.summary = self.import_file(job.file, topics=job.topics, apply=apply, progress=job.progress)
            job.state = "done" if apply else "checked"
        except CanNotImport as error:
            job.error, job.state = str(error), "failed"
        except BaseException:
            job.error, job.state = "The import ended with an internal error; the terminal has it.", "failed"
            raise
