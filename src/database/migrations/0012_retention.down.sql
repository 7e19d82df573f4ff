DROP FUNCTION history_partitions_drop();
DROP TABLE retention;
