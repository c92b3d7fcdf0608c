"""Resources that services manage: topics, templates, users, subscriptions, suppressions.

A use case is a frozen dataclass of its collaborators with one verb, `run`. Resources are the exception, here and in
`insight` and `self_service`: one dataclass for each, with the few verbs of the API (`put`, `get`, `page` of a list,
`delete`).
"""
