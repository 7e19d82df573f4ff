DROP TABLE work_backoff;
DROP TABLE work;
DROP TABLE sessions;
