DROP FUNCTION history_partitions_ensure(integer);
DROP TABLE history;
DROP FUNCTION history_guard();
