DROP TABLE machines;
DROP TABLE machine_tombstones;
DROP FUNCTION machines_guard();
