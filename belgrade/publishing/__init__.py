"""For authors: what leaves the repository, such as the book and the students' tree."""
