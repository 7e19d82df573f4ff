DROP FUNCTION history_partitions_drop();
DROP TABLE history_retention;
