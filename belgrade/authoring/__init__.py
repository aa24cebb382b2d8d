"""For authors: build the exercises from their keys, run and clean the lessons."""
