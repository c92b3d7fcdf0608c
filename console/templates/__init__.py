"""Pages of templates: the gallery, one template with its preview and versions, and the editor."""
