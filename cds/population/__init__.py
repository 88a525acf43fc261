"""A whole population held against trials: the screen of one chart, over an export of many.

An export comes by type of resource, the screen needs it by patient. ``sources`` finds the files, ``intake`` takes each
in, ``regroup`` parts what was taken in by patient (DuckDB), ``screening`` is the one function that holds a patient's
entries against the trials, ``partition`` does so for a part of the population and writes Parquet, ``local`` and
``spark`` run it over all parts, and ``summary`` counts what came of it. ``bulk`` has an export made by a FHIR server.
"""
