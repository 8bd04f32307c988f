"""What happened: a DuckDB file for analysts, with named views; money stays fen until a view's last SELECT."""
