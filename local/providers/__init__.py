"""Stand-ins for the providers: SES, SNS and the endpoints of webhooks."""
