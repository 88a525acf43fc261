"""The trial registry: its API and files of its records. It gives raw records and knows nothing of what they say."""
