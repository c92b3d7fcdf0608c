"""What templates do with values: the filters and tests by name, within the limits of one rendering."""
