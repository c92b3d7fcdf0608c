"""The session with the deployer's credentials."""

from __future__ import annotations

import os

import boto3


def aws_session() -> boto3.Session:
    """In the region of AWS_REGION, which the CDK reads and botocore does not, or of the profile."""
    return boto3.Session(region_name=os.environ.get("AWS_REGION"))
