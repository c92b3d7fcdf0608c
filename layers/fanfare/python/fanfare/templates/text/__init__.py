"""The text of mails that have only HTML."""
