"""How a database gets from empty to the tables of today, step by step; run at every start, and nothing to do mostly.

A step that has been released is never edited; a change is a new file in ``versions``. Steps only add, so that the
release before still runs beside the new one while a site exchanges its processes one by one.
"""
