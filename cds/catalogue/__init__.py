"""The catalogue of a site's trials: where store, registry and trials meet. Nothing in it is of a patient."""
