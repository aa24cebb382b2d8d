"""Methods of the lessons, each with its definition and source."""
