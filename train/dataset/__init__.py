"""The data set builder: formula lists to parquet shards of pictures with tokens."""
