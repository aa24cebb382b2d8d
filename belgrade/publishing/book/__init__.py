"""The module as a book, by Sphinx, and what only this book needs."""
