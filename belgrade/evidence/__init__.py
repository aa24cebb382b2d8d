"""What lessons show, as tables computed from the data package: a module for each lesson.

Nothing here draws. Explorers, lessons and the take-away page take it from here.
"""
