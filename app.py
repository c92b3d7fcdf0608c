"""The CDK app; `cdk.json` runs it."""

from __future__ import annotations

from infra.app import main

main()
