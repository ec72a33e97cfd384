"""What can be wrong with tables. Their rows have no statistics of their own yet."""

REASONS = {"leaky_column": "a column gives the label away"}  # see `cleaning.table_columns`
statistics = None
